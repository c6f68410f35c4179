// SPDX-License-Identifier: Apache-2.0
// A server on the loopback, asked over real sockets, and what becomes of those who ask badly.
#include "dropwarden/metrics/server.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <netinet/in.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/tcp_socket.hpp"
#include "dropwarden/sys/unix_socket.hpp"

namespace dropwarden::metrics {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

sys::Deadline soon() {
  return std::chrono::steady_clock::now() + 20s;
}

// A free port of the loopback: the kernel's choice.
sys::Fd listen_anywhere() {
  sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  struct sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket.number(), reinterpret_cast<struct sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.number(), 64) != 0)
    throw sys::SystemError(sys::last_error("listen", "loopback"));
  return socket;
}

class RunningServer {
 public:
  explicit RunningServer(ServerLimits limits = {}) {
    sys::Fd listener = listen_anywhere();
    socklen_t size = sizeof address_;
    ::getsockname(listener.number(), reinterpret_cast<struct sockaddr*>(&address_), &size);
    server_.emplace(loop_, std::move(listener),
                    std::map<std::string, MakePage>{
                        {"/page", [this] { return Page{.body = "made " + std::to_string(++made_) + "\n"}; }},
                        {"/bad", []() -> Page { throw std::runtime_error("secret"); }},
                        {"/ill", [] { return Page{.status = 503, .body = "ill\n"}; }}},
                    limits);
    thread_ = std::thread([this] { loop_.run(); });
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer() {
    boost::asio::post(loop_, [this] { server_.reset(); });
    thread_.join();  // nothing is left to wait for, or this hangs
  }

  sys::Fd connect() const {
    sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.number(), reinterpret_cast<const struct sockaddr*>(&address_), sizeof address_) != 0)
      throw sys::SystemError(sys::last_error("connect", "loopback"));
    return socket;
  }
  std::string ask(std::string_view request) const {
    const sys::Fd socket = connect();
    static_cast<void>(sys::send_all(socket.number(), request, soon()));
    return read_all(socket);
  }
  // What the server says until it closes.
  static std::string read_all(const sys::Fd& socket) {
    std::string text;
    std::array<char, 4096> bytes{};
    while (true) {
      const auto got = sys::receive(socket.number(), bytes, soon());
      if (!got && got.error().number == ECONNRESET) return text;
      if (!got) throw sys::SystemError(got.error());
      if (*got == 0) return text;
      text.append(bytes.data(), *got);
    }
  }
  unsigned made() const { return made_; }

 private:
  boost::asio::io_context loop_;
  std::atomic<unsigned> made_ = 0;
  std::optional<Server> server_;
  struct sockaddr_in address_{};
  std::thread thread_;
};

TEST(MetricsServer, GivesAPageAndCloses) {
  const RunningServer server;
  EXPECT_THAT(
      server.ask("GET /page?x=1 HTTP/1.1\r\nHost: x\r\n\r\n"),
      AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"),
            HasSubstr("Content-Length: 7\r\n"), HasSubstr("Connection: close\r\n"),
            EndsWith("\r\n\r\nmade 1\n")));
}

TEST(MetricsServer, GivesAHeadWithoutTheBody) {
  const RunningServer server;
  EXPECT_THAT(server.ask("HEAD /page HTTP/1.1\r\nHost: x\r\n\r\n"),
              AllOf(HasSubstr("Content-Length: 7\r\n"), EndsWith("\r\n\r\n")));
}

TEST(MetricsServer, MakesAPageOnceAndServesItForAWhile) {
  const RunningServer server({.page_age = 1h});
  for (int i = 0; i < 20; ++i)
    EXPECT_THAT(server.ask("GET /page HTTP/1.1\r\nHost: x\r\n\r\n"), EndsWith("made 1\n"));
  EXPECT_EQ(server.made(), 1U);
}

TEST(MetricsServer, SaysWhatIsWrong) {
  const RunningServer server;
  EXPECT_THAT(server.ask("GET /none HTTP/1.1\r\nHost: x\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("/page\n")));
  EXPECT_THAT(server.ask("DELETE /page HTTP/1.1\r\nHost: x\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD\r\n")));
  EXPECT_THAT(server.ask("GET /ill HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(server.ask("GET /bad HTTP/1.1\r\nHost: x\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 500"), Not(HasSubstr("secret"))));
  EXPECT_THAT(server.ask("\x16\x03\x01\x02 nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400"));
}

TEST(MetricsServer, EndsARequestThatIsTooLong) {
  const RunningServer server({.time = 1h});
  EXPECT_THAT(server.ask("GET /page HTTP/1.1\r\nHost: " + std::string(20'000, 'x')),
              testing::AnyOf(StartsWith("HTTP/1.1 431"), IsEmpty()));
  EXPECT_EQ(server.made(), 0U);
}

TEST(MetricsServer, WaitsForNobodyWhoSaysNothing) {
  const RunningServer server({.time = 100ms});
  const sys::Fd silent = server.connect();
  EXPECT_THAT(RunningServer::read_all(silent), IsEmpty());
}

TEST(MetricsServer, ServesOneMoreThoughOthersHoldAllConnections) {
  const RunningServer server({.connections = 4, .time = 1h});
  std::vector<sys::Fd> silent;
  for (int i = 0; i < 12; ++i) silent.push_back(server.connect());
  EXPECT_THAT(server.ask("GET /page HTTP/1.1\r\nHost: x\r\n\r\n"), EndsWith("made 1\n"));
}

TEST(MetricsServer, ClosesTheOldestOfMoreConnectionsThanItMayHave) {
  const RunningServer server({.connections = 4, .time = 1h});
  std::vector<sys::Fd> silent;
  for (int i = 0; i < 5; ++i) silent.push_back(server.connect());
  EXPECT_THAT(RunningServer::read_all(silent.front()), IsEmpty());
}

TEST(MetricsServer, AcceptsSoManyASecondAndTheRestLater) {
  const RunningServer server({.connections_per_second = 5});
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 11; ++i)
    EXPECT_THAT(server.ask("GET /page HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 1s);
}

// With no descriptor left a connection waits in the backlog, and the loop does not spin.
TEST(MetricsServer, WaitsForDescriptorsToBeFreeAgain) {
  const RunningServer server({.page_age = 1h});
  EXPECT_THAT(server.ask("GET /page HTTP/1.1\r\nHost: x\r\n\r\n"), EndsWith("made 1\n"));
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  struct rlimit full = before;
  // The lowest number that is free becomes the first that is forbidden, but for the client's own.
  full.rlim_cur = static_cast<rlim_t>(sys::Fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)}.number()) + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &full), 0);
  const sys::Fd client = server.connect();
  const std::clock_t begin = std::clock();
  std::this_thread::sleep_for(300ms);  // what is measured is what the loop does in it
  EXPECT_LT(std::clock() - begin, CLOCKS_PER_SEC / 10);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(sys::send_all(client.number(), "GET /page HTTP/1.1\r\nHost: x\r\n\r\n", soon()));
  EXPECT_THAT(RunningServer::read_all(client), EndsWith("made 1\n"));
}

TEST(TcpAddress, IsNumericWithAPort) {
  for (const char* good : {"127.0.0.1:9476", "0.0.0.0:1", "[::1]:65535", "[::]:9476"})
    EXPECT_TRUE(sys::is_tcp_address(good)) << good;
  for (const char* bad : {"", ":9476", "localhost:9476", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536",
                          "::1:9476", "[127.0.0.1]:1", "127.0.0.1:1x", "1.2.3:4"})
    EXPECT_FALSE(sys::is_tcp_address(bad)) << bad;
}

}  // namespace
}  // namespace dropwarden::metrics
