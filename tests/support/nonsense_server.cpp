// SPDX-License-Identifier: Apache-2.0
#include "support/nonsense_server.hpp"

#include <array>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dropwarden/sys/unix_socket.hpp"

namespace dropwarden::test {
namespace {

using Manner = NonsenseServer::Manner;

constexpr std::string_view head = "HTTP/1.1 200 OK\r\nServer: Docker/20.10.24 (linux)\r\n";
constexpr std::size_t piece_bytes = std::size_t{16} << 10U;

// One piece of an answer; what no longer fits is not sent. A unix socket takes one this short whole or not at
// all, so that frames stay frames.
void say(int connection, std::string_view text) {
  ::send(connection, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 2654435761U >> 13U);
  return bytes;
}

enum FrameType : unsigned char { data, headers, settings = 4, ping = 6, continuation = 9 };  // RFC 9113, 6

std::string frame(unsigned type, unsigned flags, unsigned stream, std::string_view payload) {
  std::string bytes;
  const auto add = [&](std::size_t number, unsigned count) {
    while (count-- > 0) bytes += static_cast<char>(number >> (8 * count));
  };
  add(payload.size(), 3);
  add(type, 1);
  add(flags, 1);
  add(stream, 4);
  return bytes.append(payload);
}

// RFC 7541, 6.2.2: not to be remembered, and in full.
std::string field(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + name + static_cast<char>(value.size()) +
         value;
}

// What is said when the client has spoken for the first time.
std::string first_words(Manner manner) {
  constexpr unsigned first_stream = 1;
  constexpr unsigned end_headers = 4;
  const std::string preface = frame(settings, 0, 0, {});
  const std::string ok = "\x88" + field("content-type", "application/grpc");
  switch (manner) {
    case Manner::mute:
      return {};
    case Manner::noise:
      return noise(4096);
    case Manner::endless:
      return std::string(head) + "Transfer-Encoding: chunked\r\n\r\n";
    case Manner::hangs_up:
      return std::string(head) + "Content-Length: 100\r\n\r\n[{\"Id\":";
    case Manner::frames:
    case Manner::pings:
      return preface;
    case Manner::endless_headers:
      return preface + frame(headers, 0, first_stream, ok);
    case Manner::endless_data:
      return preface + frame(headers, end_headers, first_stream, ok) +
             frame(data, 0, first_stream, std::string_view("\0\1\0\0\0", 5));
  }
  return {};
}

// What is said after that, again and again.
std::string further_words(Manner manner) {
  std::string words;
  switch (manner) {
    case Manner::endless:
      return fmt::format("{:x}\r\n{}\r\n", piece_bytes, std::string(piece_bytes, '['));
    case Manner::frames:
      for (unsigned i = 0; i < 100; ++i) words += frame(i % 12, i * 7 % 256, i % 4, noise(i));
      return words;
    case Manner::endless_headers: {
      for (int i = 0; i < 100; ++i) words += field("x", std::string(100, 'x'));
      return frame(continuation, 0, 1, words);
    }
    case Manner::endless_data:
      return frame(data, 0, 1, std::string(piece_bytes, '\0'));
    case Manner::pings:
      for (int i = 0; i < 100; ++i) words += frame(ping, 0, 0, "12345678");
      return words;
    default:
      return {};
  }
}

}  // namespace

NonsenseServer::NonsenseServer(std::string path)
    : path_(std::move(path)), listener_(sys::value_or_throw(sys::listen_unix(path_, 0777, 16))) {
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

NonsenseServer::~NonsenseServer() = default;

void NonsenseServer::set_manner(Manner manner) {
  manner_ = manner;
  has_met_a_client_ = false;
}

void NonsenseServer::serve(const std::stop_token& stop) {
  std::vector<Connection> connections;
  Manner manner = Manner::mute;
  std::string more;
  while (!stop.stop_requested()) {
    if (const Manner wanted = manner_; wanted != manner) {
      connections.clear();
      manner = wanted;
      more = further_words(wanted);
    }
    const bool listens = manner != Manner::pings;
    std::vector<struct pollfd> polled{{listener_.number(), POLLIN, 0}};
    for (const auto& connection : connections) {
      const bool is_to_hear = !connection.has_spoken || listens;
      const bool is_to_say = connection.has_spoken && !more.empty();
      polled.push_back({connection.socket.number(),
                        static_cast<short>((is_to_hear ? POLLIN : 0) | (is_to_say ? POLLOUT : 0)), 0});
    }
    constexpr int turn_ms = 20;
    ::poll(polled.data(), polled.size(), turn_ms);
    std::vector<Connection> kept;
    for (std::size_t i = 0; i < connections.size(); ++i) {
      if (is_kept(connections[i], polled[i + 1].revents, manner, more))
        kept.push_back(std::move(connections[i]));
    }
    connections = std::move(kept);
    if (polled[0].revents != 0)
      connections.push_back({sys::Fd(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC)), false});
  }
}

// What came of poll(2) for one of the connections; false: it is over.
bool NonsenseServer::is_kept(Connection& connection, int events, Manner manner, const std::string& more) {
  const int socket = connection.socket.number();
  if ((events & POLLIN) != 0) {
    std::array<char, 4096> heard;
    if (::recv(socket, heard.data(), heard.size(), 0) <= 0) return false;
    if (!connection.has_spoken) {
      connection.has_spoken = true;
      if (manner == manner_) has_met_a_client_ = true;
      say(socket, first_words(manner));
      if (manner == Manner::noise || manner == Manner::hangs_up) return false;
    }
  } else if ((events & (POLLHUP | POLLERR)) != 0) {
    return false;
  }
  if ((events & POLLOUT) != 0) say(socket, more);
  return true;
}

}  // namespace dropwarden::test
