// SPDX-License-Identifier: Apache-2.0
#include "grpc_status.hpp"

#include <array>

#include <nghttp2/nghttp2.h>

#include "dropwarden/util/escape.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::net {
namespace {

constexpr std::array names{
    "ok",        "cancelled",      "unknown",           "invalid_argument",   "deadline_exceeded",
    "not_found", "already_exists", "permission_denied", "resource_exhausted", "failed_precondition",
    "aborted",   "out_of_range",   "unimplemented",     "internal",           "unavailable",
    "data_loss", "unauthenticated"};

constexpr std::size_t max_message_bytes = 4096;
constexpr std::size_t max_text_bytes = 512;

}  // namespace

const char* name_of(GrpcCode code) {
  return names.at(static_cast<std::size_t>(code));
}

std::string GrpcStatus::text() const {
  std::string out = name_of(code);
  if (!message.empty()) out += ": " + util::escape(message, max_text_bytes - out.size() - 8);
  return out;
}

GrpcStatus status_of_trailers(std::string_view code, std::string_view message) {
  // Cut before it is decoded: nothing is held that is not kept.
  std::string text = decode_percent(message.substr(0, 3 * max_message_bytes));
  if (text.size() > max_message_bytes) text.resize(max_message_bytes);
  const auto number = util::parse_number<unsigned>(code);
  if (number && *number < names.size()) return {static_cast<GrpcCode>(*number), std::move(text)};
  return {GrpcCode::unknown,
          "grpc-status is " + std::string(code.substr(0, 32)) + (text.empty() ? "" : ", ") + text};
}

GrpcStatus status_of_http(std::string_view http_status) {
  const std::string text = "HTTP status " + std::string(http_status.substr(0, 32)) + " without a grpc-status";
  switch (util::parse_number<unsigned>(http_status).value_or(0)) {
    case 200:
    case 400:
      return {GrpcCode::internal, text};
    case 401:
      return {GrpcCode::unauthenticated, text};
    case 403:
      return {GrpcCode::permission_denied, text};
    case 404:
      return {GrpcCode::unimplemented, text};
    case 429:
    case 502:
    case 503:
    case 504:
      return {GrpcCode::unavailable, text};
    default:
      return {GrpcCode::unknown, text};
  }
}

GrpcStatus status_of_reset(std::uint32_t error_code) {
  const std::string text = std::string("the server reset the call: ") + nghttp2_http2_strerror(error_code);
  switch (error_code) {
    case NGHTTP2_REFUSED_STREAM:
      return {GrpcCode::unavailable, text};
    case NGHTTP2_CANCEL:
      return {GrpcCode::cancelled, text};
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return {GrpcCode::resource_exhausted, text};
    case NGHTTP2_INADEQUATE_SECURITY:
      return {GrpcCode::permission_denied, text};
    default:
      return {GrpcCode::internal, text};
  }
}

std::string decode_percent(std::string_view encoded) {
  std::string out;
  out.reserve(encoded.size());
  while (!encoded.empty()) {
    const auto byte = encoded[0] == '%' && encoded.size() >= 3
                          ? util::parse_number<std::uint8_t>(encoded.substr(1, 2), 16)
                          : std::nullopt;
    out += byte ? static_cast<char>(*byte) : encoded[0];
    encoded.remove_prefix(byte ? 3 : 1);
  }
  return out;
}

}  // namespace dropwarden::net
