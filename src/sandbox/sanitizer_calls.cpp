// SPDX-License-Identifier: Apache-2.0
#include "tables.hpp"

// Only in a program that was built with one (-Db_sanitize), never in one that is installed: the compiler says
// so.
namespace dropwarden::sandbox {

std::span<const Call> sanitizer_calls() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static constexpr Call table[] = {
      {"clone", {}, "sanitizers: a tracer of all threads looks for leaks"},
      {"getrusage", {}, "sanitizers"},
      {"kill", {}, "sanitizers: the tracer"},
      {"mincore", {}, "sanitizers: is memory there?"},
      {"mlock", {}, "sanitizers"},
      {"mmap", {}, "sanitizers: shadow memory"},
      {"mprotect", {}, "sanitizers: shadow memory"},
      {"open", {}, "sanitizers: /proc/self/maps, reports"},
      {"openat", {}, "sanitizers: /proc/self/maps, reports"},
      {"personality", {}, "sanitizers: addresses"},
      {"prctl", {}, "sanitizers: the tracer"},
      {"ptrace", {}, "sanitizers: the tracer"},
      {"readlink", {}, "sanitizers: names of programs"},
      {"sched_getparam", {}, "sanitizers"},
      {"sched_getscheduler", {}, "sanitizers"},
      {"setrlimit", {}, "sanitizers: no core dumps of shadow memory"},
      {"prlimit64", {}, "sanitizers: no core dumps of shadow memory"},
      {"stat", {}, "sanitizers: reports"},
      {"tgkill", {}, "sanitizers"},
      {"times", {}, "sanitizers"},
      {"wait4", {}, "sanitizers: the tracer"},
  };
  return table;
#else
  return {};
#endif
}

}  // namespace dropwarden::sandbox
