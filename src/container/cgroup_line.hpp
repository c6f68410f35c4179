// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace dropwarden::container {

// One line of /proc/PID/cgroup, `hierarchy:controllers:path` (cgroups(7)). The path may hold colons itself.
// The views live as long as the text.
struct CgroupLine {
  bool is_unified = false;
  std::string_view controllers;  // with commas between; empty for cgroup2
  std::string_view path;
};

// Nothing when it is malformed. Pure.
std::optional<CgroupLine> parse_cgroup_line(std::string_view text);

}  // namespace dropwarden::container
