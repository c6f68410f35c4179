// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::net {

// The other end of a connection, played by a thread that says `script`, takes what is sent to it and then
// closes.
class FakeServer {
 public:
  // Sends bytes; false once the client has gone.
  using Send = std::function<bool(std::string_view)>;

  explicit FakeServer(std::function<void(const Send&)> script) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      throw std::runtime_error("socketpair");
    client_ = sys::Fd{ends[0]};
    thread_ = std::thread([script = std::move(script), server = sys::Fd{ends[1]}] {
      read_request(server.number());
      script([&](std::string_view bytes) { return send_all(server.number(), bytes); });
    });
  }
  explicit FakeServer(const std::string& answer) : FakeServer([answer](const Send& send) { send(answer); }) {}
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() {
    client_.reset();
    thread_.join();
  }

  sys::Fd take_client() { return std::move(client_); }

 private:
  static void read_request(int socket) {
    std::string request;
    char bytes[512];
    while (!request.ends_with("\r\n\r\n")) {
      const ssize_t got = ::recv(socket, bytes, sizeof bytes, 0);
      if (got <= 0) return;
      request.append(bytes, static_cast<std::size_t>(got));
    }
  }

  static bool send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  sys::Fd client_;
  std::thread thread_;
};

}  // namespace dropwarden::net
