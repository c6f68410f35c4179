// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <sys/types.h>

namespace dropwarden::test {

// One thread of another process that does not get on, while all others of it do (ptrace(2): SIGSTOP would
// stop them all). To /proc it is in state t. It goes on with the end of this object, which is used by one
// thread, of root.
class HeldThread {
 public:
  // Stopped once this has returned. Throws sys::SystemError.
  explicit HeldThread(pid_t thread);
  HeldThread(const HeldThread&) = delete;
  HeldThread& operator=(const HeldThread&) = delete;
  ~HeldThread();

  // Whether its process ends within `limit`. Its parent learns that only after this has seen it.
  bool sees_end(std::chrono::milliseconds limit);

 private:
  pid_t thread_;
};

}  // namespace dropwarden::test
