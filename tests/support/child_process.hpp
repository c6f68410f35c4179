// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::test {

// How a child ended.
struct ExitStatus {
  bool by_signal = false;
  int value = 0;  // exit status, or the signal's number

  bool is_success() const { return !by_signal && value == 0; }
  std::string text() const;  // `status 1`, `signal 9`
};

struct ChildOptions {
  int output = -1;                       // descriptor for its standard output, -1: /dev/null
  int error = -1;                        // descriptor for its standard error, -1: /dev/null
  std::vector<std::string> environment;  // `NAME=value`, added to our own
};

// One child process in a process group of its own. It never outlives this object, nor this process: it gets
// SIGTERM when the thread that started it ends (PR_SET_PDEATHSIG), so start children from the main thread.
class ChildProcess {
 public:
  // `arguments[0]` is looked up in PATH; a program that cannot be started ends with status 127. Throws
  // SystemError.
  explicit ChildProcess(const std::vector<std::string>& arguments, const ChildOptions& options = {});
  // Kills the group, and waits for the child.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool is_running() { return !wait(std::chrono::milliseconds{0}); }
  void send(int signal) const;

  // Waits for the end, at most for `limit`; nothing while the child runs on.
  std::optional<ExitStatus> wait(std::chrono::milliseconds limit);

  // SIGTERM, and SIGKILL to the group after `limit`.
  ExitStatus terminate(std::chrono::milliseconds limit);

 private:
  pid_t pid_ = -1;
  sys::Fd pidfd_;
  std::optional<ExitStatus> status_;
};

}  // namespace dropwarden::test
