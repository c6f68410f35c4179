// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <sys/types.h>
#include <vector>

namespace dropwarden::test {

// Processor time so far of these processes, in microseconds, all their threads included; nothing for one that
// has gone (clock_getcpuclockid(3)).
double cpu_of(const std::vector<pid_t>& processes);
// That of a process and all that it has forked and that is there now.
double cpu_of_family(pid_t process);
// As cpu_of_family, once it has not grown for a while: what was queued has been worked off. Gives up after
// `limit`, and returns what it is then.
double settled_cpu_of_family(pid_t process, std::chrono::milliseconds limit);
// Anonymous memory of a process and all that it has forked (RssAnon of proc(5)), in KiB.
std::size_t anonymous_memory_of_family(pid_t process);

}  // namespace dropwarden::test
