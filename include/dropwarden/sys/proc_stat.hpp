// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dropwarden::sys {

// /proc/PID/stat (proc(5)) around its second field.
struct ProcStat {
  std::string_view name;    // raw bytes, as the process chose them
  std::string_view fields;  // from the third on, the state, with a blank between two
};

// The name may hold brackets, blanks and line feeds, but nothing after it has a `)`. Nothing where there is
// no name in brackets. Pure.
std::optional<ProcStat> split_proc_stat(std::string_view text);

// starttime, field 22, in clock ticks since boot: two processes that had one number are told apart by it.
// Pure.
std::optional<std::uint64_t> parse_start_time(std::string_view text);

}  // namespace dropwarden::sys
