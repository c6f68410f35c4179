// SPDX-License-Identifier: Apache-2.0
#include "support/nonsense_server.hpp"

#include <array>
#include <cstring>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <vector>

#include "support/child.hpp"

namespace dropwarden::test {
namespace {

using Manner = NonsenseServer::Manner;

// One piece of an answer; what no longer fits is not sent.
void say(int connection, std::string_view text) {
  ::send(connection, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

// What is said when the client has spoken. False: and then hangs up.
bool answer(int connection, Manner manner) {
  constexpr std::string_view head = "HTTP/1.1 200 OK\r\nServer: Docker/20.10.24 (linux)\r\n";
  if (manner == Manner::noise) {
    std::string noise(4096, '\0');
    for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * 2654435761U >> 13U);
    say(connection, noise);
  } else if (manner == Manner::hangs_up) {
    say(connection, std::string(head) + "Content-Length: 100\r\n\r\n[{\"Id\":");
  } else if (manner == Manner::endless) {
    say(connection, std::string(head) + "Transfer-Encoding: chunked\r\n\r\n");
  }
  return manner == Manner::mute || manner == Manner::endless;
}

}  // namespace

NonsenseServer::NonsenseServer(std::string path)
    : path_(std::move(path)), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  struct sockaddr_un address{};
  address.sun_family = AF_UNIX;
  require(path_.size() < sizeof address.sun_path, "bind");
  std::memcpy(address.sun_path, path_.data(), path_.size());
  require(::bind(listener_.number(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address) == 0,
          "bind");
  require(::listen(listener_.number(), 16) == 0, "listen");
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

NonsenseServer::~NonsenseServer() = default;

void NonsenseServer::set_manner(Manner manner) {
  manner_ = manner;
  has_met_a_client_ = false;
}

void NonsenseServer::serve(const std::stop_token& stop) {
  std::vector<sys::Fd> connections;
  Manner manner = manner_;
  while (!stop.stop_requested()) {
    if (manner != manner_) connections.clear();
    manner = manner_;
    std::vector<struct pollfd> polled{{listener_.number(), POLLIN, 0}};
    for (const auto& connection : connections) polled.push_back({connection.number(), POLLIN, 0});
    constexpr int turn_ms = 20;
    ::poll(polled.data(), polled.size(), turn_ms);
    if (manner == Manner::endless) {
      for (const auto& connection : connections) say(connection.number(), "4\r\n\"aa,\r\n");
    }
    std::vector<sys::Fd> kept;
    for (std::size_t i = 0; i < connections.size(); ++i) {
      std::array<char, 4096> heard;
      const bool has_spoken = polled[i + 1].revents != 0;
      const bool is_there = !has_spoken || ::recv(connections[i].number(), heard.data(), heard.size(), 0) > 0;
      if (has_spoken && is_there && manner == manner_) has_met_a_client_ = true;
      if (is_there && (!has_spoken || answer(connections[i].number(), manner)))
        kept.push_back(std::move(connections[i]));
    }
    connections = std::move(kept);
    if (polled[0].revents != 0)
      connections.emplace_back(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
  }
}

}  // namespace dropwarden::test
