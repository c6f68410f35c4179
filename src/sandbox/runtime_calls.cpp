// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "tables.hpp"

// What glibc, libstdc++, Asio and spdlog ask for in both processes. From `strace -f` of the integration
// tests, and from the ways that glibc 2.36 to 2.41 takes instead on an older or newer kernel.
namespace dropwarden::sandbox {
namespace {

constexpr Condition no_code = lacks(2, PROT_EXEC, "prot without PROT_EXEC");
constexpr std::uint64_t new_namespaces =
    CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS;
constexpr Condition a_thread =
    has(0, CLONE_THREAD | CLONE_VM | new_namespaces, CLONE_THREAD | CLONE_VM, "flags of a thread");

constexpr Call table[] = {
    // Memory: never anything that can be executed.
    {"brk", {}, "malloc"},
    {"madvise", {}, "malloc and stacks of threads give memory back"},
    {"mmap", {no_code}, "malloc, stacks of threads"},
    {"mprotect", {no_code}, "malloc, guard pages of stacks"},
    {"mremap", {}, "realloc of what is large"},
    {"munmap", {}, "free of what is large"},
    // Threads.
    {"clone", {a_thread}, "starts a worker, and no process"},
    {"clone3", {}, "glibc then uses clone, of which the flags can be seen", Verdict::absent},
    {"exit", {}, "the end of a worker"},
    {"exit_group", {}, "the end"},
    {"futex", {}, "mutexes and conditions"},
    {"futex_waitv", {}, "glibc may ask", Verdict::absent},
    {"get_robust_list", {}, "glibc may ask", Verdict::absent},
    {"getpid", {}, "names itself"},
    {"gettid", {}, "names its threads"},
    {"membarrier", {}, "libstdc++ may ask"},
    {"restart_syscall", {}, "the kernel's own, after a stop"},
    {"rseq", {}, "glibc registers each thread"},
    {"sched_getaffinity", {}, "how many processors there are"},
    {"sched_yield", {}, "spinning locks"},
    {"set_robust_list", {}, "glibc registers each thread"},
    {"set_tid_address", {}, "glibc, of a thread"},
    {"prctl", {is(0, PR_SET_NAME, "PR_SET_NAME")}, "names a thread"},
    {"prctl", {is(0, PR_SET_VMA, "PR_SET_VMA")}, "newer glibc names its memory"},
    // Signals.
    {"rt_sigaction", {}, "handlers of SIGTERM, SIGHUP and the like"},
    {"rt_sigprocmask", {}, "glibc blocks signals while it starts a thread"},
    {"rt_sigreturn", {}, "the end of a handler"},
    {"sigaltstack", {}, "glibc frees a thread's"},
    {"tgkill", {is(2, SIGABRT, "SIGABRT")}, "abort, where a check has failed"},
    // Clocks.
    {"clock_getres", {}, "time, where the vDSO cannot tell it"},
    {"clock_gettime", {}, "time, where the vDSO cannot tell it"},
    {"clock_nanosleep", {}, "pauses"},
    {"gettimeofday", {}, "time, where the vDSO cannot tell it"},
    {"nanosleep", {}, "pauses"},
    {"time", {}, "time, where the vDSO cannot tell it"},
    // What it is itself.
    {"getegid", {}, "who it is"},
    {"geteuid", {}, "who it is"},
    {"getgid", {}, "who it is"},
    {"getrandom", {}, "hash tables, OpenSSL, names of files"},
    {"getrlimit", {}, "how many descriptors there may be"},
    {"getuid", {}, "who it is"},
    {"prlimit64", {is(0, 0, "its own")}, "how many descriptors there may be"},
    {"sysinfo", {}, "how much memory there is"},
    {"uname", {}, "the name of the node"},
    // Descriptors that it has.
    {"close", {}, "each descriptor's end"},
    {"close_range", {}, "descriptors that are not its own"},
    {"dup", {}, "a descriptor's twin"},
    {"dup3", {}, "a descriptor's twin"},
    {"fcntl", {is(1, F_DUPFD_CLOEXEC, "F_DUPFD_CLOEXEC")}, "a descriptor's twin"},
    {"fcntl", {is(1, F_GETFD, "F_GETFD")}, "close-on-exec"},
    {"fcntl", {is(1, F_GETFL, "F_GETFL")}, "whether it blocks"},
    {"fcntl", {is(1, F_SETFD, "F_SETFD")}, "close-on-exec"},
    {"fcntl", {is(1, F_SETFL, "F_SETFL")}, "whether it blocks"},
    {"fstat", {}, "what a descriptor is"},
    {"fstatfs", {}, "on which file system a descriptor is"},
    {"ioctl", {is(1, FIONBIO, "FIONBIO")}, "Asio makes a descriptor non-blocking"},
    {"ioctl", {is(1, FIONREAD, "FIONREAD")}, "how much waits to be read"},
    {"ioctl", {is(1, TCGETS, "TCGETS")}, "isatty: is the output a terminal?"},
    {"lseek", {}, "the position of a descriptor"},
    {"newfstatat", {}, "what a file is"},
    {"pread64", {}, "reads"},
    {"read", {}, "reads"},
    {"readv", {}, "reads"},
    {"statx", {}, "what a file is"},
    {"write", {}, "writes the log"},
    {"writev", {}, "writes the log"},
    // Waiting.
    {"epoll_create1", {}, "Asio's loop"},
    {"epoll_ctl", {}, "Asio's loop"},
    {"epoll_pwait", {}, "Asio's loop"},
    {"epoll_wait", {}, "Asio's loop"},
    {"eventfd2", {}, "wakes a loop or a thread"},
    {"pipe2", {}, "wakes a loop or a thread; signals in Asio"},
    {"poll", {}, "waits for a descriptor"},
    {"ppoll", {}, "waits for a descriptor"},
    {"timerfd_create", {}, "Asio's timers"},
    {"timerfd_settime", {}, "Asio's timers"},
    // The channel between the two processes.
    {"recvfrom", {}, "an answer"},
    {"recvmsg", {}, "an answer with descriptors"},
    {"sendmsg", {}, "a request with descriptors"},
    {"sendto", {}, "a request; a line to an output"},
    {"shutdown", {}, "the end of a conversation"},
};

}  // namespace

std::span<const Call> runtime_calls() {
  return table;
}

}  // namespace dropwarden::sandbox
