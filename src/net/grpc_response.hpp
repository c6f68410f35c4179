// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/net/grpc.hpp"

#include "grpc_framing.hpp"

namespace dropwarden::net {

// What a server has answered to one call so far: header, messages, trailer (PROTOCOL-HTTP2.md). Pure. An
// error is how the call must end; nothing may be fed after one.
class GrpcResponse {
 public:
  explicit GrpcResponse(std::size_t max_message_bytes) : reader_(max_message_bytes) {}

  std::expected<void, GrpcStatus> add_header(std::string_view name, std::string_view value);
  // The messages that `bytes` complete.
  std::expected<std::vector<std::string>, GrpcStatus> add_data(std::string_view bytes);
  // How the call ended, the stream having been closed with this HTTP/2 error code.
  GrpcStatus finish(std::uint32_t error_code) const;

  std::size_t held_bytes() const { return reader_.held_bytes(); }

 private:
  bool is_grpc() const;

  MessageReader reader_;
  std::size_t header_bytes_ = 0;  // header and trailer, all fields
  std::string http_status_;
  std::string content_type_;
  std::string code_;  // grpc-status; empty until it came
  std::string message_;
  bool has_code_ = false;
};

}  // namespace dropwarden::net
