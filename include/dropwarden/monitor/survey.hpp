// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "dropwarden/container/registry.hpp"
#include "dropwarden/monitor/overlays.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::monitor {

// The overlays that a monitor would mark now and whose they are, without marking them. Empty when the mount
// table cannot be read.
std::vector<Overlay> survey_overlays(privilege::Privilege& privilege,
                                     std::shared_ptr<const container::Snapshot> snapshot);

}  // namespace dropwarden::monitor
