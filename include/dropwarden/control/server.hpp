// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "dropwarden/control/instance_lock.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::control {

struct ServerLimits {
  std::size_t connections = 16;          // at once; more are told so and closed
  std::size_t request = 4096;            // bytes of the request's line
  std::chrono::milliseconds time{5000};  // from a connection's begin to its end
};

// Gives the answer to one request, a JSON text without a newline. Called on the loop's thread. What it throws
// becomes the answer's `error`.
using Handler = std::function<std::string()>;

// Listens on the socket of `lock`, in the place of one that an earlier daemon left, which the lock gives the
// right to. Throws sys::SystemError.
sys::Fd open_listener(const InstanceLock& lock);
// Removes the socket again, before the lock ends.
void remove_listener(const InstanceLock& lock);

// The daemon's control socket, on the loop. A connection is one line of JSON, `{"request":"containers"}`,
// answered by one line of JSON, `{"error":"…"}` where it cannot be served, and closed. Only root and the
// daemon's own user are served (SO_PEERCRED), should the file's mode 0600 not keep others out. Loop's thread
// only.
class Server {
 public:
  // `listener` as of open_listener. Throws sys::SystemError.
  Server(boost::asio::io_context& loop, sys::Fd listener, std::map<std::string, Handler> handlers,
         ServerLimits limits = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Closes all connections. Not from a handler.
  ~Server();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dropwarden::control
