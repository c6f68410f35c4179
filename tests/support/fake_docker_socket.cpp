// SPDX-License-Identifier: Apache-2.0
#include "support/fake_docker_socket.hpp"

#include <array>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <utility>

#include <fmt/format.h>

#include "dropwarden/sys/unix_socket.hpp"

namespace dropwarden::test {
namespace {

void say(int connection, std::string_view text) {
  ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
}

void say_body(int connection, int status, std::string_view body) {
  say(connection,
      fmt::format("HTTP/1.1 {} X\r\nServer: Docker/20.10.24 (linux)\r\nContent-Length: {}\r\n\r\n{}", status,
                  body.size(), body));
}

std::string name_of(const ToldContainer& container) {
  return "told-" + container.id.substr(0, 8);
}

std::string details_of(const ToldContainer& container) {
  return fmt::format(
      R"({{"Id":"{}","Name":"/{}","State":{{"Status":"{}","Pid":{}}},"Config":{{"Image":"told:1"}},)"
      R"("GraphDriver":{{"Data":{{"UpperDir":"{}"}}}}}})",
      container.id, name_of(container), container.state, container.first_process, container.upperdir);
}

}  // namespace

FakeDockerSocket::FakeDockerSocket(std::string path)
    : path_(std::move(path)), listener_(sys::value_or_throw(sys::listen_unix(path_, 0777, 16))) {
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

FakeDockerSocket::~FakeDockerSocket() = default;

void FakeDockerSocket::tell(const ToldContainer& container) {
  const std::lock_guard lock(mutex_);
  told_[container.id] = container;
  events_.push_back(
      fmt::format(R"({{"Type":"container","Action":"start","Actor":{{"ID":"{}"}}}})", container.id));
}

unsigned FakeDockerSocket::times_asked(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto known = asked_.find(id);
  return known == asked_.end() ? 0 : known->second;
}

std::string FakeDockerSocket::list() const {
  std::string entries;
  for (const auto& [id, container] : told_) {
    entries += fmt::format(R"({}{{"Id":"{}","Names":["/{}"],"Image":"told:1","State":"{}"}})",
                           entries.empty() ? "" : ",", id, name_of(container), container.state);
  }
  return "[" + entries + "]";
}

bool FakeDockerSocket::answer(int connection, const std::string& target) {
  constexpr std::string_view containers = "/containers/";
  if (target.starts_with("/events")) {
    say(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    listeners_.push_back(connection);
    return true;
  }
  if (target.starts_with("/_ping")) {
    say_body(connection, 200, "OK");
  } else if (target.starts_with("/containers/json")) {
    say_body(connection, 200, list());
  } else if (const auto id = target.substr(0, target.rfind('/')).erase(0, containers.size());
             told_.contains(id)) {
    ++asked_[id];
    say_body(connection, 200, details_of(told_[id]));
  } else {
    say_body(connection, 404, "{}");
  }
  return false;
}

void FakeDockerSocket::serve(const std::stop_token& stop) {
  struct Connection {
    sys::Fd socket;
    std::string heard;
  };
  std::vector<Connection> connections;
  while (!stop.stop_requested()) {
    std::vector<struct pollfd> polled{{listener_.number(), POLLIN, 0}};
    for (const auto& connection : connections) polled.push_back({connection.socket.number(), POLLIN, 0});
    constexpr int turn_ms = 20;
    ::poll(polled.data(), polled.size(), turn_ms);
    const std::lock_guard lock(mutex_);
    std::vector<Connection> kept;
    for (std::size_t i = 0; i < connections.size(); ++i) {
      auto& [socket, heard] = connections[i];
      std::array<char, 4096> bytes;
      const bool has_spoken = polled[i + 1].revents != 0;
      const ssize_t got = has_spoken ? ::recv(socket.number(), bytes.data(), bytes.size(), 0) : 0;
      if (got > 0) heard.append(bytes.data(), static_cast<std::size_t>(got));
      const bool is_asking = heard.ends_with("\r\n\r\n");
      bool is_kept = !has_spoken || got > 0;
      // `/events` of `GET /events?since=1 HTTP/1.1 …`
      if (is_kept && is_asking)
        is_kept = answer(socket.number(), heard.substr(4, heard.find_first_of(" ?", 4) - 4));
      if (is_asking) heard.clear();
      if (is_kept) {
        kept.push_back(std::move(connections[i]));
      } else {
        std::erase(listeners_, socket.number());
      }
    }
    connections = std::move(kept);
    if (polled[0].revents != 0)
      connections.push_back({sys::Fd(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC)), {}});
    if (listeners_.empty()) continue;  // who comes later is told by the list
    for (const std::string& event : std::exchange(events_, {})) {
      for (const int listener : listeners_)
        say(listener, fmt::format("{:x}\r\n{}\n\r\n", event.size() + 1, event));
    }
  }
}

}  // namespace dropwarden::test
