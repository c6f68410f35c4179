// SPDX-License-Identifier: Apache-2.0
#include "cgroup_line.hpp"

#include <algorithm>

#include "dropwarden/util/text.hpp"

namespace dropwarden::container {

std::optional<CgroupLine> parse_cgroup_line(std::string_view text) {
  if (std::ranges::count(text, ':') < 2) return std::nullopt;
  const auto hierarchy = util::take_until(text, ':');
  const auto controllers = util::take_until(text, ':');
  if (!util::parse_number<unsigned>(hierarchy) || !text.starts_with('/')) return std::nullopt;
  // The kernel says so of a zombie whose cgroup has been removed (Documentation/admin-guide/cgroup-v2.rst).
  constexpr std::string_view removed = " (deleted)";
  if (text.ends_with(removed)) text.remove_suffix(removed.size());
  return CgroupLine{
      .is_unified = hierarchy == "0" && controllers.empty(), .controllers = controllers, .path = text};
}

}  // namespace dropwarden::container
