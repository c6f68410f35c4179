// SPDX-License-Identifier: Apache-2.0
#include "http_connection.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include "dropwarden/util/check.hpp"

namespace dropwarden::net {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t one_read = std::size_t{64} << 10U;

HttpFailure kind_of(boost::beast::error_code code) {
  constexpr std::array limits{http::error::header_limit, http::error::body_limit,
                              http::error::buffer_overflow};
  constexpr std::array ends{http::error::end_of_stream, http::error::partial_message};
  const auto is = [&](auto error) { return code == error; };
  if (code == boost::beast::error::timeout) return HttpFailure::timeout;
  if (std::ranges::any_of(limits, is)) return HttpFailure::too_large;
  if (std::ranges::any_of(ends, is) || code == boost::asio::error::eof) return HttpFailure::closed;
  if (code == boost::asio::error::connection_reset || code == boost::asio::error::broken_pipe) {
    return HttpFailure::closed;
  }
  return code.category() == http::make_error_code(http::error::bad_version).category()
             ? HttpFailure::malformed
             : HttpFailure::system;
}

}  // namespace

boost::beast::error_code assign(HttpSocket& stream, sys::Fd socket) {
  boost::beast::error_code code;
  stream.socket().assign(boost::asio::local::stream_protocol{}, socket.number(), code);
  if (!code) socket.release();
  return code;
}

HttpRequest make_get(std::string_view target) {
  util::check(
      target.starts_with('/') && std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7f; }),
      "a request target is percent-encoded");
  HttpRequest request{http::verb::get, target, 11};
  request.set(http::field::host, "localhost");
  request.set(http::field::user_agent, "dropwarden/" DROPWARDEN_VERSION);
  request.set(http::field::accept, "application/json");
  request.keep_alive(false);
  return request;
}

boost::beast::flat_buffer make_buffer(const HttpLimits& limits) {
  return boost::beast::flat_buffer{limits.header + one_read};
}

HttpHeader to_header(const http::response_header<>& message) {
  HttpHeader header{.status = message.result_int(), .fields = {}};
  for (const auto& field : message) {
    std::string name = field.name_string();
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    header.fields.emplace(std::move(name), field.value());
  }
  return header;
}

HttpError to_error(boost::beast::error_code code) {
  return {.kind = kind_of(code), .text = code.message()};
}

}  // namespace dropwarden::net
