// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/proc_stat.hpp"

#include "dropwarden/util/text.hpp"

namespace dropwarden::sys {

std::optional<ProcStat> split_proc_stat(std::string_view text) {
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  return ProcStat{.name = text.substr(open + 1, close - open - 1),
                  .fields = util::trim(text.substr(close + 1))};
}

std::optional<std::uint64_t> parse_start_time(std::string_view text) {
  const auto split = split_proc_stat(text);
  if (!split) return std::nullopt;
  auto rest = split->fields;
  for (int field = 3; field < 22; ++field) util::take_until(rest, ' ');
  return util::parse_number<std::uint64_t>(util::take_until(rest, ' '));
}

}  // namespace dropwarden::sys
