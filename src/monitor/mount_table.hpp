// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "dropwarden/model/mount.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::monitor {

// The host's mount table as it is now, at most 16 MiB of text: for who looks once and does not watch it.
sys::Result<std::vector<model::Mount>> read_mount_table(privilege::Privilege& privilege);

}  // namespace dropwarden::monitor
