// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/control/server.hpp"

#include <set>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "dropwarden/sys/directory.hpp"
#include "dropwarden/sys/unix_socket.hpp"
#include "dropwarden/util/escape.hpp"

#include "request.hpp"

// Owns the listening socket and one socket a connection. A session lives while an operation of it is pending;
// the server only points to it, to count it and to cut it off.
namespace dropwarden::control {
namespace {

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::size_t max_name_in_error = 64;

std::string answer_to(std::string_view line, const std::map<std::string, Handler>& handlers) {
  const auto name = parse_request(line);
  if (!name) return format_error(name.error());
  const auto handler = handlers.find(*name);
  if (handler == handlers.end()) {
    return format_error("unknown request \"" + util::escape(*name, max_name_in_error) + "\"");
  }
  try {
    return handler->second();
  } catch (const std::exception& failure) {
    return format_error(failure.what());
  }
}

bool is_allowed(int socket) {
  const auto peer = sys::read_peer(socket);
  return peer && (peer->uid == 0 || peer->uid == ::geteuid());
}

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& loop, sys::Fd listener, std::map<std::string, Handler> handlers, ServerLimits limits)
      : handlers_(std::move(handlers)), limits_(limits), acceptor_(loop), pause_(loop) {
    error_code code;
    acceptor_.assign(Protocol{}, listener.number(), code);
    if (code)
      throw sys::SystemError({.call = "epoll_ctl", .object = "control socket", .number = code.value()});
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

  void on_accept(error_code code, Protocol::socket socket);

  std::map<std::string, Handler> handlers_;
  ServerLimits limits_;
  Protocol::acceptor acceptor_;
  asio::steady_timer pause_;
  std::set<Session*> sessions_;
};

// One connection.
class Server::Impl::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Impl> server, Protocol::socket socket)
      : server_(std::move(server)), socket_(std::move(socket)), deadline_(socket_.get_executor()) {
    server_->sessions_.insert(this);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { server_->sessions_.erase(this); }

  void start() {
    deadline_.expires_after(server_->limits_.time);
    deadline_.async_wait([weak = weak_from_this()](error_code) {
      if (const auto self = weak.lock()) self->close();
    });
    asio::async_read_until(
        socket_, asio::dynamic_buffer(request_, server_->limits_.request), '\n',
        [self = shared_from_this()](error_code code, std::size_t line) { self->on_line(code, line); });
  }

  void close() {
    error_code ignored;  // the peer is done with, however it goes
    socket_.close(ignored);
    deadline_.cancel();
  }

 private:
  void on_line(error_code code, std::size_t line) {
    if (!socket_.is_open()) return;
    if (code == asio::error::not_found) {
      answer_ =
          format_error("the request is longer than " + std::to_string(server_->limits_.request) + " bytes");
    } else if (code) {
      return close();
    } else {
      answer_ = answer_to(std::string_view{request_}.substr(0, line - 1), server_->handlers_);
    }
    answer_ += '\n';
    asio::async_write(socket_, asio::buffer(answer_),
                      [self = shared_from_this()](error_code, std::size_t) { self->close(); });
  }

  std::shared_ptr<Impl> server_;
  Protocol::socket socket_;
  asio::steady_timer deadline_;
  std::string request_;
  std::string answer_;
};

void Server::Impl::on_accept(error_code code, Protocol::socket socket) {
  if (!acceptor_.is_open()) return;
  if (code) {
    // No descriptor is left (EMFILE): the connection stays in the backlog, and asking at once would spin.
    pause_.expires_after(std::chrono::milliseconds{100});
    pause_.async_wait([self = shared_from_this()](error_code) {
      if (self->acceptor_.is_open()) self->accept();
    });
    return;
  }
  if (is_allowed(socket.native_handle())) {
    if (sessions_.size() < limits_.connections) {
      std::make_shared<Session>(shared_from_this(), std::move(socket))->start();
    } else {
      error_code ignored;  // the buffer of a new socket is empty; a peer that has gone needs no answer
      socket.non_blocking(true, ignored);
      socket.send(asio::buffer(format_error("too many connections") + "\n"), 0, ignored);
    }
  }
  accept();
}

void Server::Impl::stop() {
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  for (Session* session : sessions_) session->close();
}

sys::Fd open_listener(const InstanceLock& lock) {
  sys::value_or_throw(sys::remove_socket(lock.socket_path()));
  return sys::value_or_throw(sys::listen_unix(lock.socket_path(), 0600, SOMAXCONN));
}

void remove_listener(const InstanceLock& lock) {
  // Our own, since the lock is still held; one that cannot be removed is replaced by the next daemon.
  static_cast<void>(sys::remove_socket(lock.socket_path()));
}

Server::Server(asio::io_context& loop, sys::Fd listener, std::map<std::string, Handler> handlers,
               ServerLimits limits)
    : impl_(std::make_shared<Impl>(loop, std::move(listener), std::move(handlers), limits)) {
  impl_->accept();
}

Server::~Server() {
  impl_->stop();
}

}  // namespace dropwarden::control
