// SPDX-License-Identifier: Apache-2.0
#include "process_root.hpp"

#include "dropwarden/mount/table.hpp"

namespace dropwarden::monitor {

std::optional<model::Mount> read_root_mount(privilege::Privilege& privilege, model::Pid pid) {
  const auto text = privilege.read_process_mounts(pid.value);
  return text ? root_mount_in(*text) : std::nullopt;
}

std::optional<model::Mount> root_mount_in(std::string_view mountinfo) {
  const auto table = mount::parse_mountinfo(mountinfo);
  const model::Mount* root = mount::find_root(table);
  return root == nullptr ? std::nullopt : std::optional(*root);
}

}  // namespace dropwarden::monitor
