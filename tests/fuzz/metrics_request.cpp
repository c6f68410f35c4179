// SPDX-License-Identifier: Apache-2.0
// Whoever reaches the address of the metrics, over a real connection. An answer is one of those that there
// are, and nothing but a page's path gets that page.
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include "dropwarden/metrics/server.hpp"

#include "input.hpp"

namespace {

using namespace dropwarden;
using fuzz::require;

constexpr std::string_view page = "page of metrics\n";

metrics::ServerLimits limits() {
  metrics::ServerLimits limits;
  limits.header = 1024;
  limits.connections_per_second = SIZE_MAX;
  return limits;
}

class Served {
 public:
  Served()
      : server_(loop_, listen(), {{"/metrics", [] { return metrics::Page{.body = std::string(page)}; }}},
                limits()) {}

  // What the server says to that, if it does not wait for more.
  std::string ask(std::string_view request) {
    sys::Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // Closed by a reset: no port has to wait (tcp(7), TIME_WAIT), of which there are too few for a fuzzer.
    const struct linger reset{.l_onoff = 1, .l_linger = 0};
    require(::setsockopt(client.number(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
    const auto* const address = reinterpret_cast<const struct sockaddr*>(&address_);
    require(::connect(client.number(), address, sizeof address_) == 0 || errno == EINPROGRESS);
    const ssize_t sent = ::send(client.number(), request.data(), request.size(), MSG_NOSIGNAL);
    require(sent == static_cast<ssize_t>(request.size()));
    loop_.poll();
    std::string answer;
    std::array<char, 4096> piece{};
    for (ssize_t got = 0; (got = ::recv(client.number(), piece.data(), piece.size(), 0)) > 0;)
      answer.append(piece.data(), static_cast<std::size_t>(got));
    client.reset();
    loop_.poll();
    return answer;
  }

 private:
  sys::Fd listen() {
    sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const address = reinterpret_cast<struct sockaddr*>(&address_);
    socklen_t size = sizeof address_;
    require(::bind(socket.number(), address, size) == 0 && ::listen(socket.number(), 64) == 0);
    require(::getsockname(socket.number(), address, &size) == 0);
    return socket;
  }

  boost::asio::io_context loop_;
  struct sockaddr_in address_{};
  metrics::Server server_;
};

bool is_known(std::string_view status) {
  for (const char* known : {"200", "400", "404", "405", "431"})
    if (status == known) return true;
  return false;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Served served;
  const std::string answer = served.ask(fuzz::text_of(data, size));
  if (answer.empty()) return 0;
  constexpr std::string_view version = "HTTP/1.1 ";
  require(answer.starts_with(version));
  const auto status = std::string_view(answer).substr(version.size(), 3);
  require(is_known(status));
  // To HEAD the header alone.
  if (status == "200") require(answer.ends_with(page) || answer.ends_with("\r\n\r\n"));
  if (status != "200") require(!answer.contains(page));
  return 0;
}
