// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/unix_socket.hpp"

#include <array>
#include <cerrno>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "scratch_directory.hpp"

namespace dropwarden::sys {
namespace {

using namespace std::chrono_literals;

Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

TEST(UnixSocket, HasItsModeWithoutAChangeOfTheUmask) {
  const ScratchDirectory directory;
  const mode_t before = ::umask(0);
  const auto listener = listen_unix(directory / "s", 0640, 1);
  EXPECT_EQ(::umask(before), 0U);
  ASSERT_TRUE(listener) << listener.error().text();
  struct stat status{};
  ASSERT_EQ(::stat((directory / "s").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  EXPECT_EQ(listen_unix(directory / "s", 0640, 1).error().number, EADDRINUSE);
}

TEST(UnixSocket, RefusesAPathThatWouldBeAnotherSocket) {
  const std::string long_path(108, 'x');
  EXPECT_EQ(listen_unix(long_path, 0600, 1).error().number, ENAMETOOLONG);
  EXPECT_EQ(listen_unix("", 0600, 1).error().number, EINVAL);
  EXPECT_FALSE(connect_unix(std::string("\0abstract", 9), in(1s)));
  EXPECT_EQ(connect_unix(long_path, in(1s)).error().number, ENAMETOOLONG);
}

TEST(UnixSocket, TellsWhoConnected) {
  const ScratchDirectory directory;
  const auto listener = listen_unix(directory / "s", 0600, 1);
  ASSERT_TRUE(listener);
  const auto client = connect_unix(directory / "s", in(10s));
  ASSERT_TRUE(client) << client.error().text();
  const Fd server{::accept4(listener->number(), nullptr, nullptr, SOCK_CLOEXEC)};
  const auto peer = read_peer(server.number());
  ASSERT_TRUE(peer) << peer.error().text();
  EXPECT_EQ(peer->pid, ::getpid());
  EXPECT_EQ(peer->uid, ::geteuid());
  EXPECT_EQ(peer->gid, ::getegid());
}

TEST(UnixSocket, WaitsNoLongerThanItsDeadline) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Fd near{ends[0]};
  const Fd far{ends[1]};
  std::array<char, 16> bytes{};
  EXPECT_EQ(receive(near.number(), bytes, in(20ms)).error().number, ETIMEDOUT);
  EXPECT_EQ(receive(near.number(), bytes, in(-1s)).error().number, ETIMEDOUT) << "a deadline in the past";
  const std::string more_than_fits(std::size_t{16} << 20U, 'x');
  EXPECT_EQ(send_all(near.number(), more_than_fits, in(20ms)).error().number, ETIMEDOUT);
}

TEST(UnixSocket, TellsTheEndOfTheStreamFromAFailure) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Fd near{ends[0]};
  Fd far{ends[1]};
  ASSERT_TRUE(send_all(far.number(), "last", in(10s)));
  far.reset();
  std::array<char, 16> bytes{};
  EXPECT_EQ(receive(near.number(), bytes, in(10s)), 4U);
  EXPECT_EQ(receive(near.number(), bytes, in(10s)), 0U);
  EXPECT_EQ(send_all(near.number(), "x", in(10s)).error().number, EPIPE) << "and no SIGPIPE";
}

}  // namespace
}  // namespace dropwarden::sys
