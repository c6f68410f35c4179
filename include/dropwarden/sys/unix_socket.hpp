// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::sys {

using Deadline = std::chrono::steady_clock::time_point;

// Who was at the other end when it connected (unix(7), SO_PEERCRED).
struct Peer {
  std::int32_t pid = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};
Result<Peer> read_peer(int socket);

// Binds a stream socket to `path` and listens on it. The file has the permission bits `mode` (less the umask)
// from its birth, so that there is no moment at which others may connect. Non-blocking. EADDRINUSE when
// anything is at `path`.
Result<Fd> listen_unix(const std::string& path, std::uint32_t mode, int backlog);

// Connects a blocking stream socket; waits while the listener's backlog is full, ETIMEDOUT after `deadline`.
Result<Fd> connect_unix(const std::string& path, Deadline deadline);

// All of `bytes`; ETIMEDOUT after `deadline`. For blocking sockets. Raises no SIGPIPE.
Result<void> send_all(int socket, std::string_view bytes, Deadline deadline);

// At least one byte, 0 at the end of the stream; ETIMEDOUT after `deadline`. For blocking sockets.
Result<std::size_t> receive(int socket, std::span<char> into, Deadline deadline);

}  // namespace dropwarden::sys
