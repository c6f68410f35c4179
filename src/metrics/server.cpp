// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/metrics/server.hpp"

#include <list>
#include <optional>
#include <sys/socket.h>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "dropwarden/sys/error.hpp"

// Owns the listening socket and one socket a connection. A session lives while an operation of it is pending;
// the server only points to it, to cut it off.
namespace dropwarden::metrics {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Protocol = asio::ip::tcp;

Protocol protocol_of(int socket) {
  struct sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<struct sockaddr*>(&address), &size) != 0)
    throw sys::SystemError(sys::last_error("getsockname", "the metrics listener"));
  return address.ss_family == AF_INET6 ? Protocol::v6() : Protocol::v4();
}

Page plain(unsigned status, std::string text) {
  return {.status = status, .body = std::move(text)};
}

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& loop, sys::Fd listener, std::map<std::string, MakePage> pages, ServerLimits limits)
      : limits_(limits), acceptor_(loop), pause_(loop) {
    for (auto& [path, make] : pages) pages_[path].make = std::move(make);
    error_code code;
    acceptor_.assign(protocol_of(listener.number()), listener.number(), code);
    if (code)
      throw sys::SystemError({.call = "epoll_ctl", .object = "the metrics listener", .number = code.value()});
    listener.release();
  }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](error_code code, Protocol::socket socket) {
      self->on_accept(code, std::move(socket));
    });
  }

  void stop();

 private:
  class Session;
  struct Kept {
    MakePage make;
    std::optional<Clock::time_point> made;
    Page page;
  };

  void on_accept(error_code code, Protocol::socket socket);
  void wait_and_accept(Clock::duration pause);
  Page answer_to(const http::request<http::empty_body>& request);
  const Page& page_of(Kept& kept);

  ServerLimits limits_;
  std::map<std::string, Kept, std::less<>> pages_;
  Protocol::acceptor acceptor_;
  asio::steady_timer pause_;
  std::list<Session*> sessions_;  // the oldest first
  Clock::time_point second_;      // in which they were accepted
  std::size_t accepted_ = 0;
};

// One connection.
class Server::Impl::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Impl> server, Protocol::socket socket)
      : server_(std::move(server)),
        socket_(std::move(socket)),
        deadline_(socket_.get_executor()),
        buffer_(server_->limits_.header) {
    place_ = server_->sessions_.insert(server_->sessions_.end(), this);
    parser_.header_limit(static_cast<std::uint32_t>(server_->limits_.header));
    parser_.body_limit(0);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { server_->sessions_.erase(place_); }

  void start() {
    deadline_.expires_after(server_->limits_.time);
    deadline_.async_wait([weak = weak_from_this()](error_code) {
      if (const auto self = weak.lock()) self->close();
    });
    http::async_read_header(
        socket_, buffer_, parser_,
        [self = shared_from_this()](error_code code, std::size_t) { self->on_request(code); });
  }

  void close() {
    error_code ignored;  // the peer is done with, however it goes
    socket_.close(ignored);
    deadline_.cancel();
  }

 private:
  void on_request(error_code code) {
    if (!socket_.is_open()) return;
    if (code == http::error::header_limit || code == http::error::buffer_overflow) {
      send(plain(431, "the request is too long\n"));
    } else if (code.category() == http::make_error_code(http::error::bad_version).category() &&
               code != http::error::end_of_stream && code != http::error::partial_message) {
      send(plain(400, "this is no HTTP request\n"));
    } else if (code) {
      close();
    } else {
      is_head_ = parser_.get().method() == http::verb::head;
      send(server_->answer_to(parser_.get()));
    }
  }

  void send(Page page) {
    answer_.result(page.status);
    answer_.set(http::field::content_type, page.type);
    answer_.set(http::field::cache_control, "no-store");
    if (page.status == 405) answer_.set(http::field::allow, "GET, HEAD");
    answer_.keep_alive(false);
    answer_.content_length(page.body.size());
    if (!is_head_) answer_.body() = std::move(page.body);
    http::async_write(socket_, answer_,
                      [self = shared_from_this()](error_code, std::size_t) { self->end(); });
  }

  // Sent before the answer is thrown away with what of the request was not read (RFC 9112, 9.6).
  void end() {
    error_code ignored;
    socket_.shutdown(Protocol::socket::shutdown_send, ignored);
    close();
  }

  std::shared_ptr<Impl> server_;
  Protocol::socket socket_;
  asio::steady_timer deadline_;
  boost::beast::flat_buffer buffer_;
  http::request_parser<http::empty_body> parser_;
  http::response<http::string_body> answer_;
  std::list<Session*>::iterator place_;
  bool is_head_ = false;
};

void Server::Impl::on_accept(error_code code, Protocol::socket socket) {
  if (!acceptor_.is_open()) return;
  // No descriptor is left (EMFILE): the connection stays in the backlog, and asking at once would spin.
  if (code) return wait_and_accept(std::chrono::milliseconds{100});
  if (sessions_.size() >= limits_.connections) sessions_.front()->close();
  std::make_shared<Session>(shared_from_this(), std::move(socket))->start();
  const auto now = Clock::now();
  if (now - second_ >= std::chrono::seconds{1}) {
    second_ = now;
    accepted_ = 0;
  }
  if (++accepted_ < limits_.connections_per_second) return accept();
  wait_and_accept(second_ + std::chrono::seconds{1} - now);
}

void Server::Impl::wait_and_accept(Clock::duration pause) {
  pause_.expires_after(pause);
  pause_.async_wait([self = shared_from_this()](error_code) {
    if (self->acceptor_.is_open()) self->accept();
  });
}

Page Server::Impl::answer_to(const http::request<http::empty_body>& request) {
  if (request.method() != http::verb::get && request.method() != http::verb::head)
    return plain(405, "GET and HEAD only\n");
  std::string_view path = request.target();
  path = path.substr(0, path.find('?'));
  const auto found = pages_.find(path);
  if (found == pages_.end()) {
    std::string text = "there is:\n";
    for (const auto& [name, kept] : pages_) text += name + "\n";
    return plain(404, std::move(text));
  }
  return page_of(found->second);
}

const Page& Server::Impl::page_of(Kept& kept) {
  const auto now = Clock::now();
  if (kept.made && now - *kept.made < limits_.page_age) return kept.page;
  try {
    kept.page = kept.make();
  } catch (const std::exception&) {
    kept.page = plain(500, "the page could not be made\n");
  }
  kept.made = now;
  return kept.page;
}

void Server::Impl::stop() {
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  for (Session* session : sessions_) session->close();
}

Server::Server(asio::io_context& loop, sys::Fd listener, std::map<std::string, MakePage> pages,
               ServerLimits limits)
    : impl_(std::make_shared<Impl>(loop, std::move(listener), std::move(pages), limits)) {
  impl_->accept();
}

Server::~Server() {
  impl_->stop();
}

}  // namespace dropwarden::metrics
