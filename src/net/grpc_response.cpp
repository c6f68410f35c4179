// SPDX-License-Identifier: Apache-2.0
#include "grpc_response.hpp"

#include "grpc_status.hpp"

namespace dropwarden::net {
namespace {

// Real servers send a few hundred bytes; grpc-message is the only field of any length.
constexpr std::size_t max_header_bytes = std::size_t{64} << 10U;

}  // namespace

std::expected<void, GrpcStatus> GrpcResponse::add_header(std::string_view name, std::string_view value) {
  // 32 bytes a field as in RFC 9113 section 6.5.2, so that empty fields count too.
  header_bytes_ += name.size() + value.size() + 32;
  if (header_bytes_ > max_header_bytes) {
    return std::unexpected(GrpcStatus{GrpcCode::resource_exhausted, "headers without end"});
  }
  if (name == ":status") {
    http_status_ = value;
  } else if (name == "content-type") {
    content_type_ = value;
  } else if (name == "grpc-message") {
    message_ = value;
  } else if (name == "grpc-status") {
    if (has_code_ && code_ != value)
      return std::unexpected(GrpcStatus{GrpcCode::internal, "two grpc-status"});
    has_code_ = true;
    code_ = value;
  }
  return {};
}

std::expected<std::vector<std::string>, GrpcStatus> GrpcResponse::add_data(std::string_view bytes) {
  if (bytes.empty()) return {};
  // An HTML page of a proxy is not to be read as messages.
  if (!is_grpc()) return std::unexpected(finish(0));
  if (has_code_) return std::unexpected(GrpcStatus{GrpcCode::internal, "a message after the grpc-status"});
  return reader_.feed(bytes);
}

GrpcStatus GrpcResponse::finish(std::uint32_t error_code) const {
  // A server may end the call early, with a status and a reset of what it does not want to read any more.
  if (has_code_ && is_grpc()) {
    GrpcStatus status = status_of_trailers(code_, message_);
    if (status.code != GrpcCode::ok || (error_code == 0 && held_bytes() == 0)) return status;
  }
  if (error_code != 0) return status_of_reset(error_code);
  if (!is_grpc() && http_status_ == "200") {
    return {GrpcCode::unknown, "not gRPC: content-type " + content_type_.substr(0, 128)};
  }
  if (held_bytes() != 0) return {GrpcCode::internal, "the stream ends inside a message"};
  return status_of_http(http_status_);
}

bool GrpcResponse::is_grpc() const {
  return http_status_ == "200" && content_type_.starts_with("application/grpc");
}

}  // namespace dropwarden::net
