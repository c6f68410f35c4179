// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/tcp_socket.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>

#include "dropwarden/util/text.hpp"

namespace dropwarden::sys {
namespace {

struct Address {
  struct sockaddr_storage storage{};
  socklen_t size = 0;
};

std::optional<Address> parse(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto port = util::parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!port || *port == 0) return std::nullopt;
  std::string host = text.substr(0, colon);
  Address address;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    auto& v6 = reinterpret_cast<struct sockaddr_in6&>(address.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(*port);
    address.size = sizeof v6;
    if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
    return address;
  }
  auto& v4 = reinterpret_cast<struct sockaddr_in&>(address.storage);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(*port);
  address.size = sizeof v4;
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) return std::nullopt;
  return address;
}

}  // namespace

bool is_tcp_address(const std::string& text) {
  return parse(text).has_value();
}

Result<Fd> listen_tcp(const std::string& address, int backlog) {
  const auto parsed = parse(address);
  if (!parsed) return std::unexpected(Error{"bind", address, EINVAL});
  Fd socket(::socket(parsed->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return unexpected_errno("socket", address);
  // A daemon that is started again finds connections of the last one in TIME_WAIT (tcp(7)).
  const int on = 1;
  if (::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
    return unexpected_errno("setsockopt", address);
  const auto* const generic = reinterpret_cast<const struct sockaddr*>(&parsed->storage);
  if (::bind(socket.number(), generic, parsed->size) != 0) return unexpected_errno("bind", address);
  if (::listen(socket.number(), backlog) != 0) return unexpected_errno("listen", address);
  return socket;
}

}  // namespace dropwarden::sys
