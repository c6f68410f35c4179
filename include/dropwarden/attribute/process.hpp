// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "dropwarden/model/process.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::attribute {

// Reads one file of /proc/PID: privilege::Privilege::read_process_file, handed in by the composition root.
enum class ProcFile { cgroup, cmdline, exe, loginuid, stat, status };
using ReadProc = std::function<sys::Result<std::string>(model::Pid pid, ProcFile file)>;

// Facts of the process that closed the file. Guarded against pid reuse: a pidfd is opened first (pidfd_open(2)), start times
// are compared before and after, and what does not fit together is dropped. Never fails: what could not be read is
// absent and the state is `exited`. Ancestors are followed up to the container's init, that is, while the
// cgroup names the same container (`is_same_container` on the texts of /proc/PID/cgroup), at most 16.
model::ProcessInfo read_process(const ReadProc& read_proc, model::Pid pid);

}  // namespace dropwarden::attribute
