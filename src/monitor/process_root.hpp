// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "dropwarden/model/mount.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::monitor {

// The mount that a process sees as its root, from the first 512 KiB of its own mountinfo (the last one at `/`
// covers those before): a container can make that very long, and its root is mounted before anything it
// mounts. Nothing when the process is gone.
std::optional<model::Mount> read_root_mount(privilege::Privilege& privilege, model::Pid pid);
// The same of the text. Pure.
std::optional<model::Mount> root_mount_in(std::string_view mountinfo);

}  // namespace dropwarden::monitor
