// SPDX-License-Identifier: Apache-2.0
#include "support/http_page.hpp"

#include <array>
#include <netinet/in.h>
#include <sys/socket.h>

#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/unix_socket.hpp"

namespace dropwarden::test {

std::string get_page(std::uint16_t port, const std::string& path, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(socket.number(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address) != 0)
    return {};
  if (!sys::send_all(socket.number(), "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n", deadline)) return {};
  std::string answer;
  std::array<char, 4096> bytes{};
  for (auto got = sys::receive(socket.number(), bytes, deadline); got && *got != 0;
       got = sys::receive(socket.number(), bytes, deadline))
    answer.append(bytes.data(), *got);
  return answer;
}

}  // namespace dropwarden::test
