// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/control/client.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <sys/socket.h>
#include <thread>

#include <gtest/gtest.h>

#include "dropwarden/sys/unix_socket.hpp"

#include "support/temporary_directory.hpp"

namespace dropwarden::control {
namespace {

using namespace std::chrono_literals;

// A daemon that takes one connection and does with it as it is told.
class FakeDaemon {
 public:
  explicit FakeDaemon(std::function<void(int socket)> script)
      : listener_(sys::value_or_throw(sys::listen_unix(path_, 0600, 1))),
        thread_([this, script = std::move(script)] {
          const int listener = listener_.number();
          ::fcntl(listener, F_SETFL, 0);  // wait for the client
          const sys::Fd socket{::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)};
          script(socket.number());
        }) {}
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;
  ~FakeDaemon() { thread_.join(); }

  static void read_all(int socket) {
    std::array<char, 4096> bytes{};
    while (::recv(socket, bytes.data(), bytes.size(), 0) > 0) {
    }
  }
  static void send(int socket, std::string_view bytes) {
    std::array<char, 4096> request{};
    ASSERT_GT(::recv(socket, request.data(), request.size(), 0), 0);
    ASSERT_TRUE(sys::send_all(socket, bytes, std::chrono::steady_clock::now() + 10s));
  }

  const std::string& path() const { return path_; }

 private:
  test::TemporaryDirectory directory_;
  std::string path_ = directory_.path() / "control.sock";
  sys::Fd listener_;
  std::thread thread_;
};

TEST(ControlClient, GivesTheAnswerWithoutItsNewline) {
  const FakeDaemon daemon{[](int socket) { FakeDaemon::send(socket, "{\"a\":1}\n"); }};
  EXPECT_EQ(request(daemon.path(), "containers", 10s), "{\"a\":1}");
}

TEST(ControlClient, TellsThatThereIsNoDaemon) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() / "control.sock";
  const auto missing = request(path, "containers", 10s);
  ASSERT_FALSE(missing);
  EXPECT_TRUE(is_no_daemon(missing.error())) << missing.error().text();
  sys::value_or_throw(sys::listen_unix(path, 0600, 1)).reset();
  const auto left_behind = request(path, "containers", 10s);
  ASSERT_FALSE(left_behind);
  EXPECT_EQ(left_behind.error().number, ECONNREFUSED);
  EXPECT_TRUE(is_no_daemon(left_behind.error())) << left_behind.error().text();
}

TEST(ControlClient, TakesOtherFailuresForWhatTheyAre) {
  const auto too_long = request("/" + std::string(200, 'x'), "containers", 10s);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().number, ENAMETOOLONG);
  EXPECT_FALSE(is_no_daemon(too_long.error()));
  EXPECT_FALSE(is_no_daemon({"recv", "x", ECONNREFUSED}));
}

TEST(ControlClient, GivesUpOnADaemonThatIsSilent) {
  const FakeDaemon daemon{FakeDaemon::read_all};
  const auto answer = request(daemon.path(), "containers", 50ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().number, ETIMEDOUT) << answer.error().text();
  EXPECT_FALSE(is_no_daemon(answer.error()));
}

TEST(ControlClient, GivesUpOnADaemonThatDoesNotAccept) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() / "control.sock";
  const auto listener = sys::value_or_throw(sys::listen_unix(path, 0600, 0));
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  const auto first = sys::connect_unix(path, deadline);  // fills the backlog
  ASSERT_TRUE(first);
  const auto answer = request(path, "containers", 50ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().number, ETIMEDOUT) << answer.error().text();
}

TEST(ControlClient, RefusesAnAnswerThatIsCut) {
  const FakeDaemon daemon{[](int socket) { FakeDaemon::send(socket, "{\"a\":"); }};
  const auto answer = request(daemon.path(), "containers", 10s);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().number, EPROTO) << answer.error().text();
}

TEST(ControlClient, RefusesAnAnswerWithoutAnEnd) {
  const FakeDaemon daemon{[](int socket) {
    const std::string piece(1U << 20U, 'x');
    while (::send(socket, piece.data(), piece.size(), MSG_NOSIGNAL) > 0) {
    }
  }};
  const auto answer = request(daemon.path(), "containers", 60s);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().number, EMSGSIZE) << answer.error().text();
}

TEST(ControlClient, HearsADaemonThatAnswersWithoutReading) {
  const FakeDaemon daemon{[](int socket) {
    ASSERT_TRUE(sys::send_all(socket, "{\"error\":\"full\"}\n", std::chrono::steady_clock::now() + 10s));
  }};
  EXPECT_EQ(request(daemon.path(), "containers", 10s), "{\"error\":\"full\"}");
}

}  // namespace
}  // namespace dropwarden::control
