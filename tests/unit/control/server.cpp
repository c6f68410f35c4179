// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/control/server.hpp"

#include <array>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/control/client.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/unix_socket.hpp"

#include "running_server.hpp"

namespace dropwarden::control {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto patience = 20s;
const std::map<std::string, Handler> some_handlers{
    {"containers", [] { return R"({"containers":[]})"; }},
    {"broken", []() -> std::string { throw std::runtime_error("out of order"); }},
    {"large", [] { return "\"" + std::string(std::size_t{8} << 20U, 'x') + "\""; }}};

sys::Deadline soon() {
  return std::chrono::steady_clock::now() + patience;
}

sys::Fd connect(const RunningServer& server) {
  return sys::value_or_throw(sys::connect_unix(server.path(), soon()));
}

// What the server says until it closes.
std::string read_all(const sys::Fd& socket) {
  std::string text;
  std::array<char, 4096> bytes{};
  while (true) {
    const auto got = sys::receive(socket.number(), bytes, soon());
    if (!got && got.error().number == ECONNRESET) return text;  // it closed without having read all
    if (!got) throw sys::SystemError(got.error());
    if (*got == 0) return text;
    text.append(bytes.data(), *got);
  }
}

std::string talk(const RunningServer& server, std::string_view bytes) {
  const sys::Fd socket = connect(server);
  // A server that has had enough closes while we speak.
  static_cast<void>(sys::send_all(socket.number(), bytes, soon()));
  ::shutdown(socket.number(), SHUT_WR);
  return read_all(socket);
}

TEST(ControlServer, AnswersAndCloses) {
  const RunningServer server{some_handlers};
  EXPECT_EQ(talk(server, "{\"request\":\"containers\"}\n"), "{\"containers\":[]}\n");
  EXPECT_EQ(request(server.path(), "containers", patience), R"({"containers":[]})");
  EXPECT_EQ(request(server.path(), "large", patience)->size(), (std::size_t{8} << 20U) + 2);
}

TEST(ControlServer, SaysWhatItDoesNotKnow) {
  const RunningServer server{some_handlers};
  EXPECT_EQ(request(server.path(), "fly", patience), R"({"error":"unknown request \"fly\""})");
  EXPECT_EQ(request(server.path(), "broken", patience), R"({"error":"out of order"})");
  const auto answer = request(server.path(), std::string(500, '\x1b'), patience).value();
  EXPECT_THAT(answer, HasSubstr("unknown request"));
  EXPECT_LT(answer.size(), 200U);
}

TEST(ControlServer, IsPrivateFromItsBirth) {
  const mode_t before = ::umask(0);
  const RunningServer server{some_handlers};
  ::umask(before);
  struct stat status{};
  ASSERT_EQ(::stat(server.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST(ControlServer, AnswersGarbageWithAnError) {
  const RunningServer server{some_handlers};
  for (const std::string bytes : {"\n", "garbage\n", "[[[[[\n", "{\"request\":[]}\n", "\x01\x02\xff\n"}) {
    EXPECT_THAT(talk(server, bytes), HasSubstr("\"error\":")) << bytes;
  }
  EXPECT_EQ(talk(server, ""), "") << "nothing was asked";
  EXPECT_EQ(talk(server, "{\"request\":\"containers\"}"), "") << "the line had no end";
  EXPECT_TRUE(request(server.path(), "containers", patience));
}

TEST(ControlServer, RefusesALineThatIsTooLong) {
  const RunningServer server{some_handlers};
  EXPECT_THAT(talk(server, std::string(100000, 'x')), HasSubstr("longer than 4096 bytes"));
  // As long as it may be.
  const std::string line = R"({"request":"containers"})";
  EXPECT_EQ(talk(server, line + std::string(4095 - line.size(), ' ') + "\n"), "{\"containers\":[]}\n");
  EXPECT_TRUE(request(server.path(), "containers", patience));
}

TEST(ControlServer, AnswersOneRequestAConnection) {
  const RunningServer server{some_handlers};
  EXPECT_EQ(talk(server, "{\"request\":\"containers\"}\n{\"request\":\"containers\"}\n"),
            "{\"containers\":[]}\n");
}

TEST(ControlServer, CutsWhoNeverAsks) {
  const RunningServer server{some_handlers, {.time = 50ms}};
  const sys::Fd socket = connect(server);
  EXPECT_EQ(read_all(socket), "");
}

TEST(ControlServer, CutsWhoNeverReads) {
  const RunningServer server{some_handlers, {.time = 200ms}};
  const sys::Fd socket = connect(server);
  ASSERT_TRUE(sys::send_all(socket.number(), "{\"request\":\"large\"}\n", soon()));
  // The connection is the only one that is allowed to wait; the server is not held by it.
  EXPECT_TRUE(request(server.path(), "containers", patience));
  // POLLHUP: it was cut with the answer half sent.
  struct pollfd poll{.fd = socket.number(), .events = 0, .revents = 0};
  ASSERT_EQ(::poll(&poll, 1, std::chrono::milliseconds{patience}.count()), 1);
  EXPECT_LT(read_all(socket).size(), std::size_t{8} << 20U);
}

TEST(ControlServer, ServesSomeAndTellsTheRestThatItIsFull) {
  const RunningServer server{some_handlers, {.connections = 3, .time = 60s}};
  std::vector<sys::Fd> idle;
  for (int i = 0; i < 3; ++i) idle.push_back(connect(server));
  EXPECT_EQ(request(server.path(), "containers", patience), R"({"error":"too many connections"})");
  idle.pop_back();
  // The place is free once the server has noticed.
  const auto end = soon();
  while (request(server.path(), "containers", patience) != R"({"containers":[]})") {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
  }
}

TEST(ControlServer, OutlivesAThousandConnectionsThatNeverRead) {
  const RunningServer server{some_handlers, {.time = 300ms}};
  for (int round = 0; round < 10; ++round) {
    std::vector<sys::Fd> sockets;
    for (int i = 0; i < 100; ++i) {
      sockets.push_back(connect(server));
      static_cast<void>(sys::send_all(sockets.back().number(), "{\"request\":\"large\"}\n", soon()));
    }
  }
  // Each took an answer of many MiB.
  const auto end = std::chrono::steady_clock::now() + 5 * patience;
  while (request(server.path(), "containers", patience) != R"({"containers":[]})") {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
  }
}

TEST(ControlServer, ReplacesASocketThatWasLeftBehind) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() / "control.sock";
  sys::value_or_throw(sys::listen_unix(path, 0600, 1)).reset();
  boost::asio::io_context loop;
  const InstanceLock lock{path};
  EXPECT_NO_THROW(Server(loop, open_listener(lock), some_handlers));
}

TEST(ControlServer, RemovesNothingThatIsNoSocket) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() / "control.sock";
  std::ofstream(path) << "precious";
  boost::asio::io_context loop;
  const InstanceLock lock{path};
  EXPECT_THROW(open_listener(lock), sys::SystemError);
  EXPECT_EQ(sys::read_file(path, 100), "precious");
}

TEST(ControlServer, LeavesNothingBehind) {
  RunningServer server{some_handlers, {.time = 60s}};
  const sys::Fd idle = connect(server);
  ASSERT_TRUE(request(server.path(), "containers", patience));
  server.stop();
  EXPECT_EQ(read_all(idle), "");
  EXPECT_TRUE(is_no_daemon(request(server.path(), "containers", patience).error()));
  EXPECT_NE(::access(server.path().c_str(), F_OK), 0);
}

// The mode of the file keeps other users out; should it be opened up, SO_PEERCRED does.
TEST(ControlServer, ServesNobodyButRootAndItsOwnUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP privilege: needs root to become another user";
  const RunningServer server{some_handlers};
  ASSERT_EQ(::chmod(server.path().c_str(), 0777), 0);
  const std::string directory = server.path().substr(0, server.path().rfind('/'));
  ASSERT_EQ(::chmod(directory.c_str(), 0755), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(2);
    const auto answer = request(server.path(), "containers", patience);
    ::_exit(answer ? 1 : answer.error().number == EPROTO ? 0 : 3);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: it was answered, 2: no other user, 3: another failure";
  EXPECT_TRUE(request(server.path(), "containers", patience));
}
// With no descriptor left a connection waits in the backlog, and the loop does not spin.
TEST(ControlServer, WaitsForDescriptorsToBeFreeAgain) {
  const RunningServer server{some_handlers};
  ASSERT_TRUE(request(server.path(), "containers", patience));
  const sys::Fd client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  struct rlimit full = before;
  // The lowest number that is free becomes the first that is forbidden.
  full.rlim_cur = static_cast<rlim_t>(sys::Fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)}.number());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &full), 0);
  struct sockaddr_un address{};
  address.sun_family = AF_UNIX;
  server.path().copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::connect(client.number(), reinterpret_cast<struct sockaddr*>(&address), sizeof address), 0);
  const std::clock_t begin = std::clock();
  std::this_thread::sleep_for(300ms);  // what is measured is what the loop does in it
  EXPECT_LT(std::clock() - begin, CLOCKS_PER_SEC / 10);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(sys::send_all(client.number(), "{\"request\":\"containers\"}\n", soon()));
  EXPECT_EQ(read_all(client), "{\"containers\":[]}\n");
}

}  // namespace
}  // namespace dropwarden::control
