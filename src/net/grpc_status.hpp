// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dropwarden/net/grpc.hpp"

namespace dropwarden::net {

// The three ways in which the end of a call is told, each as a status; the tables are those of gRPC's
// PROTOCOL-HTTP2.md and http-grpc-status-mapping.md. Pure.

// The trailers grpc-status and grpc-message. A code that is no number, or not one of the seventeen, is
// `unknown`.
GrpcStatus status_of_trailers(std::string_view code, std::string_view message);

// An HTTP answer without a grpc-status; `http_status` is three digits or whatever the server sent.
GrpcStatus status_of_http(std::string_view http_status);

// RST_STREAM, or a stream that the end of the connection closed: an HTTP/2 error code (RFC 9113, section 7).
GrpcStatus status_of_reset(std::uint32_t error_code);

// grpc-message is percent-encoded UTF-8. A `%` without two digits after it is kept as it stands.
std::string decode_percent(std::string_view encoded);

}  // namespace dropwarden::net
