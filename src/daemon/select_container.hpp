// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "dropwarden/container/registry.hpp"
#include "dropwarden/model/ids.hpp"

namespace dropwarden::daemon {

// The container whose ID or name is `text`, else the only one whose ID begins so. Throws UnknownContainer
// when there is none, or several. Pure.
model::ContainerId select_container(const container::Snapshot& snapshot, std::string_view text);

}  // namespace dropwarden::daemon
