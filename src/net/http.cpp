// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/net/http.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "http_connection.hpp"

// Owns the connection of one exchange. A session lives as long as an operation of it is pending; the
// HttpExchange only points to it and cuts it off.
namespace dropwarden::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

class GetSession final : public std::enable_shared_from_this<GetSession> {
 public:
  GetSession(boost::asio::io_context& loop, std::string_view target, const HttpLimits& limits,
             OnHttpResponse on_response)
      : stream_(loop),
        request_(make_get(target)),
        buffer_(make_buffer(limits)),
        on_response_(std::move(on_response)) {
    parser_.header_limit(static_cast<std::uint32_t>(limits.header));
    parser_.body_limit(limits.body);
    // One deadline for all of it: a server that drips a byte a second must not hold us.
    stream_.expires_after(limits.timeout);
  }

  void start(sys::Fd socket) {
    if (const error_code code = assign(stream_, std::move(socket))) {
      boost::asio::post(stream_.get_executor(), [self = shared_from_this(), code] { self->fail(code); });
      return;
    }
    http::async_write(stream_, request_,
                      [self = shared_from_this()](error_code code, std::size_t) { self->on_sent(code); });
  }

  void cancel() {
    is_cancelled_ = true;
    stream_.close();
  }

 private:
  void on_sent(error_code code) {
    if (code) return fail(code);
    http::async_read(
        stream_, buffer_, parser_,
        [self = shared_from_this()](error_code read_code, std::size_t) { self->on_read(read_code); });
  }

  void on_read(error_code code) {
    if (code) return fail(code);
    stream_.close();
    auto message = parser_.release();
    finish(HttpResponse{.header = to_header(message), .body = std::move(message.body())});
  }

  void fail(error_code code) {
    stream_.close();
    finish(std::unexpected(to_error(code)));
  }

  void finish(std::expected<HttpResponse, HttpError> result) {
    if (is_cancelled_) return;
    is_cancelled_ = true;
    on_response_(std::move(result));
  }

  HttpSocket stream_;
  HttpRequest request_;
  boost::beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
  OnHttpResponse on_response_;
  bool is_cancelled_ = false;
};

class GetExchange final : public HttpExchange {
 public:
  explicit GetExchange(std::shared_ptr<GetSession> session) : session_(std::move(session)) {}
  GetExchange(const GetExchange&) = delete;
  GetExchange& operator=(const GetExchange&) = delete;
  ~GetExchange() override { session_->cancel(); }

 private:
  std::shared_ptr<GetSession> session_;
};

}  // namespace

std::unique_ptr<HttpExchange> http_get(boost::asio::io_context& loop, sys::Fd socket, std::string_view target,
                                       const HttpLimits& limits, OnHttpResponse on_response) {
  auto session = std::make_shared<GetSession>(loop, target, limits, std::move(on_response));
  session->start(std::move(socket));
  return std::make_unique<GetExchange>(std::move(session));
}

}  // namespace dropwarden::net
