// SPDX-License-Identifier: Apache-2.0
#include "mount_type.hpp"

#include "dropwarden/util/text.hpp"

namespace dropwarden::privilege {

std::optional<std::string_view> mount_type(std::string_view mountinfo, std::uint64_t id) {
  // The kernel escapes blanks in every field, and no tag is a lone dash.
  constexpr std::string_view separator = " - ";
  while (!mountinfo.empty()) {
    std::string_view line = util::take_until(mountinfo, '\n');
    if (util::parse_number<std::uint64_t>(util::take_until(line, ' ')) != id) continue;
    const auto at = line.find(separator);
    if (at == std::string_view::npos) return std::nullopt;
    line.remove_prefix(at + separator.size());
    return util::take_until(line, ' ');
  }
  return std::nullopt;
}

}  // namespace dropwarden::privilege
