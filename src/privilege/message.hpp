// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dropwarden/sys/error.hpp"

#include "codec.hpp"

namespace dropwarden::privilege {

// A message over a SOCK_SEQPACKET socket (unix(7)), in pieces of at most `max_piece` bytes, each behind its
// PieceHeader. Descriptors come with the first (SCM_RIGHTS).
inline constexpr std::size_t max_piece = std::size_t{32} << 10U;
inline constexpr std::size_t max_descriptors = 128;  // of a message

struct PieceHeader {
  std::uint32_t total = 0;   // bytes of the whole message
  std::uint32_t offset = 0;  // of this piece in it
};

// Puts the pieces of a message together. Pure.
class Assembly {
 public:
  explicit Assembly(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // False when `packet` is not the next piece: it is too short or too long, says another total, has
  // descriptors in the middle, or makes the message longer than allowed.
  bool add(std::string_view packet, std::vector<sys::Fd> descriptors);
  bool is_complete() const { return has_begun_ && message_.bytes.size() == total_; }
  Incoming take() { return std::move(message_); }

 private:
  const std::size_t max_bytes_;
  std::size_t total_ = 0;
  bool has_begun_ = false;
  Incoming message_;
};

// How long each call waits on this socket, at most (SO_RCVTIMEO, SO_SNDTIMEO; socket(7)). Throws SystemError.
void set_patience(int socket, std::chrono::milliseconds time);

// Waits as long as the socket does (SO_SNDTIMEO, socket(7)): ETIMEDOUT then, EPIPE when nobody is there.
sys::Result<void> send(int socket, const Outgoing& message);

// Waits as long as the socket does (SO_RCVTIMEO): ETIMEDOUT then; ECONNRESET at the end of the connection,
// EPROTO for what is no message of at most `max_bytes`. No descriptor is left open after an error.
sys::Result<Incoming> receive(int socket, std::size_t max_bytes);

}  // namespace dropwarden::privilege
