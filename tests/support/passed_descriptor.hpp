// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::test {

// Two connected sockets over which descriptors are passed (SCM_RIGHTS, unix(7)). Members throw
// sys::SystemError.
class SocketPair {
 public:
  SocketPair();

  void send(int descriptor) const;
  sys::Fd receive() const;
  // Each end over the other: once both are closed here, nobody holds them but they themselves, and what else
  // is in flight is closed when the kernel collects them.
  void send_itself() const;

 private:
  static void send_over(int socket, int descriptor);

  sys::Fd first_;
  sys::Fd second_;
};

}  // namespace dropwarden::test
