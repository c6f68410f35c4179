// SPDX-License-Identifier: Apache-2.0
#include "process_root.hpp"

#include <algorithm>
#include <ranges>

#include "dropwarden/mount/table.hpp"

namespace dropwarden::monitor {

std::optional<model::Mount> read_root_mount(privilege::Privilege& privilege, model::Pid pid) {
  const auto text = privilege.read_process_mounts(pid.value);
  return text ? root_mount_in(*text) : std::nullopt;
}

std::optional<model::Mount> root_mount_in(std::string_view mountinfo) {
  const auto table = mount::parse_mountinfo(mountinfo);
  const auto reversed = table | std::views::reverse;
  const auto root = std::ranges::find(reversed, "/", &model::Mount::mount_point);
  if (root == reversed.end()) return std::nullopt;
  return *root;
}

}  // namespace dropwarden::monitor
