// SPDX-License-Identifier: Apache-2.0
#include "namespace_users.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/mount.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::privilege {
namespace {

constexpr std::size_t max_map = std::size_t{16} << 10U;  // 340 lines of three numbers

// `FIRST-INSIDE FIRST-HERE COUNT`, between any number of spaces.
bool is_mapped(std::string_view line, std::uint64_t user) {
  std::vector<std::uint64_t> numbers;
  for (const std::string_view field : util::split(line, ' ')) {
    if (!field.empty()) numbers.push_back(util::parse_number<std::uint64_t>(field).value_or(0));
  }
  return numbers.size() == 3 && user >= numbers[1] && user - numbers[1] < numbers[2];
}

}  // namespace

// To have others mapped takes who has them by /etc/subuid, or root.
bool NamespaceUsers::has(std::uint32_t user) const {
  if (owner_ == 0 || owner_ == user) return true;
  return std::ranges::any_of(util::split(map_, '\n'),
                             [&](std::string_view line) { return is_mapped(line, user); });
}

sys::Result<NamespaceUsers> read_namespace_users(const std::string& process) {
  const auto owner = sys::read_namespace_owner(process + "/ns/user");
  if (!owner) return std::unexpected(owner.error());
  auto map = sys::read_file(process + "/uid_map", max_map);
  if (!map) return std::unexpected(std::move(map.error()));
  return NamespaceUsers(*owner, std::move(*map));
}

}  // namespace dropwarden::privilege
