// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::metrics {

// What anybody who reaches the address may cost us.
struct ServerLimits {
  std::size_t connections =
      16;  // at once; for one more the oldest is closed, so that nobody can hold them all
  std::size_t connections_per_second = 100;    // more wait in the backlog
  std::size_t header = std::size_t{8} << 10U;  // bytes of a request
  std::chrono::milliseconds time{2000};        // from a connection's begin to its end
  std::chrono::milliseconds page_age{1000};  // a page that is younger is served once more, and not made anew
};

struct Page {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};
// Called on the loop's thread. What it throws is answered with status 500 and without its text.
using MakePage = std::function<Page()>;

// Serves a few pages by HTTP/1.1 (RFC 9112) to whoever connects: GET and HEAD, one request a connection. What
// a client sends is bounded, and nothing of it is sent back. Loop's thread only.
class Server {
 public:
  // `listener` is a listening TCP socket, `pages` are by their path. Throws sys::SystemError.
  Server(boost::asio::io_context& loop, sys::Fd listener, std::map<std::string, MakePage> pages,
         ServerLimits limits = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Closes all connections. Not from a page.
  ~Server();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dropwarden::metrics
