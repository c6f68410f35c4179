// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace dropwarden::test {

// What one process holds at a moment.
struct Held {
  pid_t pid = 0;                    // 0: there was none
  std::uint64_t anonymous_kib = 0;  // RssAnon of /proc/PID/status
  std::size_t descriptors = 0;
  std::size_t threads = 0;
  std::size_t marks = 0;  // of fanotify, over all groups (proc_pid_fdinfo(5))
};

// Process by process: a marker that is young must not make up for what the others keep of those before it.
struct Holdings {
  Held supervisor;
  Held monitor;
  Held marker;
  std::vector<std::string> mounts;  // of the machine: where they are, in order
};
// The sum, without a pid. Pure.
Held all_of(const Holdings& holdings);

// How many descriptors the monitor may hold at one time and not at another: a connection that happens to be
// open.
inline constexpr std::size_t descriptors_allowed = 4;

// What is held `later` and was not `earlier`, a line each; and whether it is another process that holds it,
// of which the comparison would say nothing. Of the marker's that is no fault. Pure.
std::vector<std::string> growth(const Holdings& earlier, const Holdings& later);

}  // namespace dropwarden::test
