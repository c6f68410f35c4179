// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/net/grpc.hpp"

namespace dropwarden::net {

// gRPC's Length-Prefixed-Message: a byte that says whether the message is compressed, four bytes of length in
// network order, the message (PROTOCOL-HTTP2.md).
std::string frame_message(std::string_view message);

// Cuts the bytes of a stream into messages. Holds no more than one unfinished message, and grows with the
// bytes that came, never with the length that was announced.
class MessageReader {
 public:
  explicit MessageReader(std::size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  // The messages that `bytes` complete. An error is what the call ends with; the reader must not be fed
  // again after one.
  std::expected<std::vector<std::string>, GrpcStatus> feed(std::string_view bytes);

  // Bytes of the unfinished message that are held.
  std::size_t held_bytes() const { return header_.size() + message_.size(); }

 private:
  std::expected<void, GrpcStatus> read_header();

  const std::size_t max_message_bytes_;
  std::string header_;
  std::string message_;
  std::size_t length_ = 0;  // of the message that is being read, once the header is whole
};

}  // namespace dropwarden::net
