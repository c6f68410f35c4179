// SPDX-License-Identifier: Apache-2.0
#include "support/free_port.hpp"

#include <netinet/in.h>
#include <utility>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::test {

LoopbackSocket bind_loopback(int type) {
  sys::Fd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  struct sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(socket.number(), reinterpret_cast<struct sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket.number(), reinterpret_cast<struct sockaddr*>(&address), &size) != 0)
    throw sys::SystemError(sys::last_error("bind", "loopback"));
  return {.socket = std::move(socket), .port = ntohs(address.sin_port)};
}

std::uint16_t free_port(int type) {
  return bind_loopback(type).port;
}

}  // namespace dropwarden::test
