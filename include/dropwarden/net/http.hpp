// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::net {

// What a server may cost us. Whatever it sends, an exchange ends with one of these reached at the latest.
struct HttpLimits {
  // From the call to the last byte of the answer; of a stream, to the end of its header.
  std::chrono::milliseconds timeout{2000};
  std::size_t header = std::size_t{16} << 10U;     // bytes of the status line and the header fields
  std::size_t body = std::size_t{16} << 20U;       // bytes, after the chunks are joined; not for streams
  std::size_t line = std::size_t{1} << 20U;        // bytes of one line of a stream that are kept
  std::size_t long_line = std::size_t{64} << 20U;  // of a longer one, passed over to reach the next
};

enum class HttpFailure {
  closed,     // the connection ended before the answer did
  timeout,    // HttpLimits::timeout
  malformed,  // not HTTP/1.x (RFC 9112), or contradicting itself
  too_large,  // header, body, or a line without end
  status,     // a stream was answered with another status than 200
  system,     // the socket failed
};

struct HttpError {
  HttpFailure kind = HttpFailure::system;
  std::string text;  // a phrase for the log, free of the server's bytes
};

// All text is the server's: untrusted, bounded by HttpLimits.
struct HttpHeader {
  unsigned status = 0;                        // as sent, `404`
  std::map<std::string, std::string> fields;  // names in lower case; of a repeated field the first
};

struct HttpResponse {
  HttpHeader header;
  std::string body;
};

// An exchange under way. Destroying it closes the connection, and nothing is called afterwards; it may be
// destroyed at any time, from its own callbacks too.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
};

// Called once, with whatever status the server chose, or with why there is none.
using OnHttpResponse = std::function<void(std::expected<HttpResponse, HttpError>)>;

struct HttpStreamHandlers {
  std::function<void(const HttpHeader&)> on_open;      // the header has come and its status is 200
  std::function<void(std::string_view line)> on_line;  // without its newline; empty lines are left out
  std::function<void()> on_long_line;                  // in place of one longer than HttpLimits::line
  // The last call. A stream that the server ends in good order is `closed` as well; a line without a newline
  // is lost.
  std::function<void(HttpError)> on_end;
};

// Sends one GET over `socket`, a connected stream socket, and closes it after the answer. `target` as in RFC
// 9112 section 3.2.1, percent-encoded. The callbacks run on `loop`, never inside the call itself. Loop's
// thread only.
std::unique_ptr<HttpExchange> http_get(boost::asio::io_context& loop, sys::Fd socket, std::string_view target,
                                       const HttpLimits& limits, OnHttpResponse on_response);

// The same for an answer without an end, given line by line as it comes. Silence after the header is no
// error.
std::unique_ptr<HttpExchange> http_stream(boost::asio::io_context& loop, sys::Fd socket,
                                          std::string_view target, const HttpLimits& limits,
                                          HttpStreamHandlers handlers);

}  // namespace dropwarden::net
