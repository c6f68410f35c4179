// SPDX-License-Identifier: Apache-2.0
#include "process_text.hpp"

#include "dropwarden/util/text.hpp"

namespace dropwarden::container {

std::optional<NamespacePids> parse_namespace_pids(std::string_view status) {
  while (!status.empty()) {
    auto line = util::take_until(status, '\n');
    // A name cannot forge the line: the kernel escapes newlines in `Name:`.
    if (util::take_until(line, ':') != "NSpid") continue;
    NamespacePids pids;
    for (line = util::trim(line); !line.empty(); ++pids.depth) {
      const auto number = util::parse_number<std::int32_t>(util::take_until(line, '\t'));
      if (!number) return std::nullopt;
      pids.innermost = *number;
    }
    if (pids.depth == 0) return std::nullopt;
    return pids;
  }
  return std::nullopt;
}

}  // namespace dropwarden::container
