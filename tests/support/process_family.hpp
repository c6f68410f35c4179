// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <vector>

namespace dropwarden::test {

// The process and all that it has forked, as far as they are there (proc(5), /proc/PID/task/TID/children).
std::vector<pid_t> read_family(pid_t pid);

}  // namespace dropwarden::test
