// SPDX-License-Identifier: Apache-2.0
#include "grpc_framing.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "dropwarden/util/check.hpp"

namespace dropwarden::net {
namespace {

constexpr std::size_t header_bytes = 5;

// Moves bytes from `from` to `to` until that holds `wanted`.
void fill(std::string& to, std::string_view& from, std::size_t wanted) {
  const std::size_t count = std::min(wanted - to.size(), from.size());
  to += from.substr(0, count);
  from.remove_prefix(count);
}

}  // namespace

std::string frame_message(std::string_view message) {
  util::check(message.size() <= UINT32_MAX, "a message has a length of 32 bits");
  std::string out(1, '\0');
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(message.size() >> shift & 0xffU);
  out += message;
  return out;
}

std::expected<std::vector<std::string>, GrpcStatus> MessageReader::feed(std::string_view bytes) {
  std::vector<std::string> messages;
  while (!bytes.empty()) {
    if (header_.size() < header_bytes) {
      fill(header_, bytes, header_bytes);
      if (header_.size() < header_bytes) break;
      if (auto read = read_header(); !read) return std::unexpected(std::move(read.error()));
    }
    fill(message_, bytes, length_);
    if (message_.size() < length_) break;
    messages.push_back(std::exchange(message_, {}));
    header_.clear();
  }
  return messages;
}

std::expected<void, GrpcStatus> MessageReader::read_header() {
  // A server may compress only what grpc-accept-encoding of the request allows; ours allows nothing.
  if (header_[0] != 0) {
    return std::unexpected(
        GrpcStatus{GrpcCode::internal, "a compressed message, or bytes that are not gRPC"});
  }
  length_ = 0;
  for (std::size_t i = 1; i < header_bytes; ++i)
    length_ = length_ << 8U | static_cast<unsigned char>(header_[i]);
  if (length_ <= max_message_bytes_) return {};
  return std::unexpected(
      GrpcStatus{GrpcCode::resource_exhausted, "a message of " + std::to_string(length_) + " bytes, " +
                                                   std::to_string(max_message_bytes_) + " are allowed"});
}

}  // namespace dropwarden::net
