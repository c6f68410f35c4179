// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include "dropwarden/net/http.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::net {

// Beast's stream with a deadline, over a unix socket.
using HttpSocket = boost::beast::basic_stream<boost::asio::local::stream_protocol>;
using HttpRequest = boost::beast::http::request<boost::beast::http::empty_body>;

// Takes `socket` into `stream`.
boost::beast::error_code assign(HttpSocket& stream, sys::Fd socket);

// A GET that leaves the connection to the server to close. `target` must hold no blank and no control
// character.
HttpRequest make_get(std::string_view target);

// Room for the header and one read of the body: with it, chunk extensions and trailers are bounded too.
boost::beast::flat_buffer make_buffer(const HttpLimits& limits);

HttpHeader to_header(const boost::beast::http::response_header<>& message);

HttpError to_error(boost::beast::error_code code);

}  // namespace dropwarden::net
