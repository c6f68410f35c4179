// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/unix_socket.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "dropwarden/sys/address.hpp"

namespace dropwarden::sys {
namespace {

// Bounds the next blocking call, connect(2) included (socket(7), unix(7)).
Result<void> set_timeout(int socket, int option, Deadline deadline) {
  using namespace std::chrono;
  const auto left = duration_cast<microseconds>(deadline - steady_clock::now());
  if (left <= microseconds{0})
    return std::unexpected(Error{"setsockopt", {}, ETIMEDOUT});  // zero would mean: for ever
  struct timeval value{};
  value.tv_sec = duration_cast<seconds>(left).count();
  value.tv_usec = (left % seconds{1}).count();
  if (::setsockopt(socket, SOL_SOCKET, option, &value, sizeof value) != 0)
    return unexpected_errno("setsockopt");
  return {};
}

Error timed_out_error(std::string_view call, std::string_view object = {}) {
  Error error = last_error(call, object);
  if (error.number == EAGAIN) error.number = ETIMEDOUT;
  return error;
}

}  // namespace

Result<Peer> read_peer(int socket) {
  struct ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return unexpected_errno("getsockopt");
  return Peer{.pid = peer.pid, .uid = peer.uid, .gid = peer.gid};
}

Result<Fd> listen_unix(const std::string& path, std::uint32_t mode, int backlog) {
  const auto address = unix_address(path, "bind");
  if (!address) return std::unexpected(address.error());
  Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) return unexpected_errno("socket");
  // bind(2) gives the file the mode of the socket itself, on Linux; umask(2) would change that of every
  // thread.
  if (::fchmod(socket.number(), mode) != 0) return unexpected_errno("fchmod", path);
  if (::bind(socket.number(), address->begin(), address->size) != 0) return unexpected_errno("bind", path);
  if (::listen(socket.number(), backlog) != 0) return unexpected_errno("listen", path);
  return socket;
}

Result<Fd> connect_unix(const std::string& path, Deadline deadline) {
  const auto address = unix_address(path, "connect");
  if (!address) return std::unexpected(address.error());
  Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!socket) return unexpected_errno("socket");
  while (true) {
    if (auto set = set_timeout(socket.number(), SO_SNDTIMEO, deadline); !set)
      return std::unexpected(set.error());
    if (::connect(socket.number(), address->begin(), address->size) == 0) return socket;
    if (errno != EINTR) return std::unexpected(timed_out_error("connect", path));
  }
}

Result<void> send_all(int socket, std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    if (auto set = set_timeout(socket, SO_SNDTIMEO, deadline); !set) return set;
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return std::unexpected(timed_out_error("send"));
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<std::size_t> receive(int socket, std::span<char> into, Deadline deadline) {
  while (true) {
    if (auto set = set_timeout(socket, SO_RCVTIMEO, deadline); !set) return std::unexpected(set.error());
    const ssize_t got = ::recv(socket, into.data(), into.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return std::unexpected(timed_out_error("recv"));
  }
}

}  // namespace dropwarden::sys
