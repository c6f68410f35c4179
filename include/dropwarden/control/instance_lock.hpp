// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::control {

// Another process holds the lock.
class InstanceHeld : public std::runtime_error {
 public:
  InstanceHeld(std::int32_t pid, const std::string& text) : std::runtime_error(text), pid_(pid) {}
  // In the pid namespace of the holder; 0 when it has not written it yet.
  std::int32_t pid() const { return pid_; }

 private:
  std::int32_t pid_;
};

// The right to be the one dropwarden at a control socket: flock(2) on `<socket>.lock`, which names the
// holder's pid. Ends with the object or the process. The file stays: removing it would let two processes lock
// two files of one name.
class InstanceLock {
 public:
  // Creates the socket's directory (0700) where it is missing, but not its parents. Throws InstanceHeld, or
  // sys::SystemError: EPERM when others than root and this user may change the directory.
  explicit InstanceLock(const std::string& socket_path);

  const std::string& socket_path() const { return socket_path_; }

 private:
  std::string socket_path_;
  sys::Fd file_;
};

}  // namespace dropwarden::control
