// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dropwarden::attribute {

// The files of /proc/PID as values (proc(5)). Pure; names and arguments in them are chosen by the process.

struct Stat {
  std::string name;  // comm, raw bytes
  char state = '?';  // `Z` zombie, `X` dead, …
  std::int32_t parent = 0;
  std::uint64_t start_ticks = 0;  // clock ticks after boot

  friend bool operator==(const Stat&, const Stat&) = default;
};
// Nothing when a field that stands here is missing or no number.
std::optional<Stat> parse_stat(std::string_view text);

struct Status {
  std::optional<std::uint32_t> uid;   // real
  std::vector<std::int32_t> numbers;  // NSpid: in each pid namespace, the reader's first; empty when not told

  friend bool operator==(const Status&, const Status&) = default;
};
Status parse_status(std::string_view text);

// The arguments of /proc/PID/cmdline. At most `max_arguments` and `max_argument_bytes` in all; what is left
// out is told by a last argument `…`.
inline constexpr std::size_t max_arguments = 64;
inline constexpr std::size_t max_argument_bytes = 4096;
std::vector<std::string> parse_command_line(std::string_view text);

// Nothing when unset, which the kernel prints as 4294967295.
std::optional<std::uint32_t> parse_login_uid(std::string_view text);

}  // namespace dropwarden::attribute
