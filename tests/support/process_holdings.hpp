// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace dropwarden::test {

// What a process holds (proc(5)); nothing of one that has gone.
std::uint64_t anonymous_memory(pid_t pid);  // bytes, RssAnon
std::size_t count_descriptors(pid_t pid);
std::vector<std::string> list_descriptors(pid_t pid);  // what each leads to, sorted
std::size_t count_threads(pid_t pid);
// Of all its fanotify groups: on mounts and on file systems (proc_pid_fdinfo(5)).
std::size_t count_marks(pid_t pid);

}  // namespace dropwarden::test
