// SPDX-License-Identifier: Apache-2.0
#include "support/held_thread.hpp"

#include <cerrno>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "dropwarden/sys/error.hpp"

#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

void wait_for_stop(pid_t thread) {
  int status = 0;
  while (::waitpid(thread, &status, __WALL) < 0)
    if (errno != EINTR) throw sys::SystemError(sys::last_error("waitpid"));
  if (!WIFSTOPPED(status)) throw sys::SystemError({.call = "ptrace", .object = "", .number = ESRCH});
}

}  // namespace

HeldThread::HeldThread(pid_t thread) : thread_(thread) {
  if (::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0)
    throw sys::SystemError(sys::last_error("ptrace", "PTRACE_SEIZE"));
  if (::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0)
    throw sys::SystemError(sys::last_error("ptrace", "PTRACE_INTERRUPT"));
  wait_for_stop(thread);
}

HeldThread::~HeldThread() {
  if (thread_ > 0) ::ptrace(PTRACE_DETACH, thread_, nullptr, nullptr);
}

bool HeldThread::sees_end(std::chrono::milliseconds limit) {
  const auto has_ended = [this] {
    int status = 0;
    return ::waitpid(thread_, &status, __WALL | WNOHANG) == thread_ && !WIFSTOPPED(status);
  };
  if (!test::wait_for(has_ended, limit)) return false;
  thread_ = -1;
  return true;
}

}  // namespace dropwarden::test
