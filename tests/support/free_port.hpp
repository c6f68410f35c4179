// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <sys/socket.h>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::test {

// A socket of 127.0.0.1 at a port of its own. One of a stream does not listen yet.
struct LoopbackSocket {
  sys::Fd socket;
  std::uint16_t port = 0;
};
// Throws sys::SystemError.
LoopbackSocket bind_loopback(int type);

// A port of 127.0.0.1 that nobody has at the moment, for a socket of this type. Somebody may take it before
// the caller does, which has to do. Throws sys::SystemError.
std::uint16_t free_port(int type = SOCK_STREAM);

}  // namespace dropwarden::test
