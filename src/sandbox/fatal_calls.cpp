// SPDX-License-Identifier: Apache-2.0
#include "tables.hpp"

// A library that is newer than these tables does not begin to use any of these, so none is met by accident.
namespace dropwarden::sandbox {
namespace {

constexpr Call table[] = {
    {"bpf", {}, "code in the kernel", Verdict::fatal},
    {"chroot", {}, "another root", Verdict::fatal},
    {"delete_module", {}, "code in the kernel", Verdict::fatal},
    {"execve", {}, "another program", Verdict::fatal},
    {"execveat", {}, "another program", Verdict::fatal},
    {"finit_module", {}, "code in the kernel", Verdict::fatal},
    {"init_module", {}, "code in the kernel", Verdict::fatal},
    {"io_uring_setup", {}, "calls past this filter", Verdict::fatal},
    {"kexec_file_load", {}, "another kernel", Verdict::fatal},
    {"kexec_load", {}, "another kernel", Verdict::fatal},
    {"keyctl", {}, "keys of the kernel", Verdict::fatal},
    {"perf_event_open", {}, "what other processes do", Verdict::fatal},
    {"pivot_root", {}, "another root", Verdict::fatal},
    {"process_vm_readv", {}, "memory of other processes", Verdict::fatal},
    {"process_vm_writev", {}, "memory of other processes", Verdict::fatal},
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    {"ptrace", {}, "other processes", Verdict::fatal},
#endif
    {"reboot", {}, "the machine", Verdict::fatal},
    {"swapon", {}, "memory of other processes", Verdict::fatal},
    {"userfaultfd", {}, "holds the kernel up in the middle", Verdict::fatal},
};

}  // namespace

std::span<const Call> fatal_calls() {
  return table;
}

}  // namespace dropwarden::sandbox
