// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/post.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/optional/optional.hpp>

#include "dropwarden/net/http.hpp"

#include "http_connection.hpp"
#include "line_splitter.hpp"

// Owns the connection of one stream, as http.cpp does that of one exchange.
namespace dropwarden::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

// A body of Beast (its concept `Body`) that keeps lines and forgets what it has given out.
struct LineBody {
  using value_type = LineSplitter;

  class reader {
   public:
    template <bool isRequest, class Fields>
    reader(http::header<isRequest, Fields>&, value_type& lines) : lines_(lines) {}

    void init(const boost::optional<std::uint64_t>&, error_code& code) { code = {}; }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, error_code& code) {
      code = {};
      std::size_t taken = 0;
      for (const auto buffer : boost::beast::buffers_range_ref(buffers)) {
        if (!lines_.feed({static_cast<const char*>(buffer.data()), buffer.size()})) {
          code = http::error::body_limit;
          break;
        }
        taken += buffer.size();
      }
      return taken;
    }

    void finish(error_code& code) { code = {}; }

   private:
    value_type& lines_;
  };
};

class StreamSession final : public std::enable_shared_from_this<StreamSession> {
 public:
  StreamSession(boost::asio::io_context& loop, std::string_view target, const HttpLimits& limits,
                HttpStreamHandlers handlers)
      : stream_(loop),
        request_(make_get(target)),
        buffer_(make_buffer(limits)),
        handlers_(std::move(handlers)) {
    parser_.header_limit(static_cast<std::uint32_t>(limits.header));
    parser_.body_limit(boost::none);
    parser_.get().body() = LineSplitter{limits.line, limits.long_line};
    stream_.expires_after(limits.timeout);
  }

  void start(sys::Fd socket) {
    if (const error_code code = assign(stream_, std::move(socket))) {
      boost::asio::post(stream_.get_executor(),
                        [self = shared_from_this(), code] { self->end(to_error(code)); });
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
    if (code) return end(to_error(code));
    http::async_read_header(
        stream_, buffer_, parser_,
        [self = shared_from_this()](error_code read_code, std::size_t) { self->on_header(read_code); });
  }

  void on_header(error_code code) {
    if (code) return end(to_error(code));
    const HttpHeader header = to_header(parser_.get());
    if (header.status != 200) {
      return end(
          {.kind = HttpFailure::status, .text = "answered with status " + std::to_string(header.status)});
    }
    stream_.expires_never();
    if (!is_cancelled_) handlers_.on_open(header);
    read_on();
  }

  void read_on() {
    if (is_cancelled_) return;
    if (parser_.is_done()) return end({.kind = HttpFailure::closed, .text = "the stream ended"});
    http::async_read_some(stream_, buffer_, parser_,
                          [self = shared_from_this()](error_code code, std::size_t) { self->on_read(code); });
  }

  void on_read(error_code code) {
    // What came before an error is given out first.
    for (const auto& line : parser_.get().body().take()) {
      if (is_cancelled_) return;
      if (line) {
        handlers_.on_line(*line);
      } else {
        handlers_.on_long_line();
      }
    }
    if (code) return end(to_error(code));
    read_on();
  }

  void end(HttpError error) {
    stream_.close();
    if (is_cancelled_) return;
    is_cancelled_ = true;
    handlers_.on_end(std::move(error));
  }

  HttpSocket stream_;
  HttpRequest request_;
  boost::beast::flat_buffer buffer_;
  http::response_parser<LineBody> parser_;
  HttpStreamHandlers handlers_;
  bool is_cancelled_ = false;
};

class StreamExchange final : public HttpExchange {
 public:
  explicit StreamExchange(std::shared_ptr<StreamSession> session) : session_(std::move(session)) {}
  StreamExchange(const StreamExchange&) = delete;
  StreamExchange& operator=(const StreamExchange&) = delete;
  ~StreamExchange() override { session_->cancel(); }

 private:
  std::shared_ptr<StreamSession> session_;
};

}  // namespace

std::unique_ptr<HttpExchange> http_stream(boost::asio::io_context& loop, sys::Fd socket,
                                          std::string_view target, const HttpLimits& limits,
                                          HttpStreamHandlers handlers) {
  auto session = std::make_shared<StreamSession>(loop, target, limits, std::move(handlers));
  session->start(std::move(socket));
  return std::make_unique<StreamExchange>(std::move(session));
}

}  // namespace dropwarden::net
