// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dropwarden::container {

// The NSpid line of /proc/PID/status (proc(5)).
struct NamespacePids {
  std::size_t depth = 0;       // how many pid namespaces the process is seen in, ours first
  std::int32_t innermost = 0;  // its number in its own
};

// Nothing where the line is missing (Linux before 4.1) or malformed. Pure.
std::optional<NamespacePids> parse_namespace_pids(std::string_view status);

}  // namespace dropwarden::container
