// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/output.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <pty.h>
#include <string>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace dropwarden::sys {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  Fd reading;
  Fd writing;

  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    reading = Fd{ends[0]};
    writing = Fd{ends[1]};
  }
};

TEST(ReopenNonblocking, GivesAPipeATwinThatDoesNotWait) {
  const Pipe pipe;
  const auto twin = reopen_nonblocking(pipe.writing.number());
  ASSERT_TRUE(twin.has_value()) << twin.error().text();
  EXPECT_EQ(::fcntl(pipe.writing.number(), F_GETFL) & O_NONBLOCK, 0);
  const std::string piece(4096, 'x');
  auto taken = write_some(twin->number(), piece);
  while (taken) taken = write_some(twin->number(), piece);
  EXPECT_EQ(taken.error().number, EAGAIN);
}

TEST(ReopenNonblocking, RefusesAFileWhoseOffsetIsShared) {
  const Fd file{::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  ASSERT_TRUE(file);
  const auto twin = reopen_nonblocking(file.number());
  ASSERT_FALSE(twin.has_value());
  EXPECT_EQ(twin.error().number, EINVAL);
}

TEST(IsWholeOrNothing, HoldsForAPipeThatDoesNotWaitAndForNothingElse) {
  const Pipe pipe;
  const auto twin = reopen_nonblocking(pipe.writing.number());
  ASSERT_TRUE(twin.has_value());
  EXPECT_TRUE(is_whole_or_nothing(twin->number()));
  EXPECT_FALSE(is_whole_or_nothing(pipe.writing.number()));
  const Fd file{::open("/tmp", O_TMPFILE | O_RDWR | O_NONBLOCK | O_CLOEXEC, 0600)};
  EXPECT_FALSE(is_whole_or_nothing(file.number()));
  EXPECT_FALSE(is_whole_or_nothing(-1));
}

TEST(IsWritable, TellsNeitherAFullPipeNorOneWithoutAReaderSo) {
  Pipe pipe;
  EXPECT_TRUE(is_writable(pipe.writing.number()));
  const auto twin = reopen_nonblocking(pipe.writing.number());
  ASSERT_TRUE(twin.has_value());
  while (write_some(twin->number(), std::string(4096, 'x'))) {
  }
  EXPECT_FALSE(is_writable(pipe.writing.number()));
  Pipe other;
  other.reading.reset();
  EXPECT_FALSE(is_writable(other.writing.number()));
}

TEST(WaitWritable, TellsRoomAnErrorAndTheEndOfTheTimeApart) {
  Pipe pipe;
  EXPECT_EQ(wait_writable(pipe.writing.number(), -1, 0ms), true);
  const auto twin = reopen_nonblocking(pipe.writing.number());
  ASSERT_TRUE(twin.has_value());
  while (write_some(twin->number(), std::string(4096, 'x'))) {
  }
  EXPECT_EQ(wait_writable(pipe.writing.number(), -1, 1ms), false);
  pipe.reading.reset();
  EXPECT_EQ(wait_writable(pipe.writing.number(), -1, 10s), true) << "an error is told by write(2)";
}

TEST(WaitWritable, IsWokenByTheEvent) {
  const Pipe pipe;
  const auto twin = reopen_nonblocking(pipe.writing.number());
  const auto event = open_event();
  ASSERT_TRUE(twin.has_value() && event.has_value());
  while (write_some(twin->number(), std::string(4096, 'x'))) {
  }
  std::jthread waker([&] { signal_event(event->number()); });
  EXPECT_EQ(wait_writable(pipe.writing.number(), event->number(), std::nullopt), false);
}

TEST(TerminalColumns, FollowTheTerminal) {
  int controlling = -1;
  int terminal = -1;
  ASSERT_EQ(::openpty(&controlling, &terminal, nullptr, nullptr, nullptr), 0);
  const Fd other_end{controlling};
  const Fd fd{terminal};
  EXPECT_EQ(terminal_columns(fd.number()), 80U) << "it does not say";
  const struct winsize size{.ws_row = 24, .ws_col = 132, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(::ioctl(fd.number(), TIOCSWINSZ, &size), 0);
  EXPECT_EQ(terminal_columns(fd.number()), 132U);
}

TEST(HasHungUp, TellsATerminalThatWasClosed) {
  int controlling = -1;
  int terminal = -1;
  ASSERT_EQ(::openpty(&controlling, &terminal, nullptr, nullptr, nullptr), 0);
  Fd other_end{controlling};
  const Fd fd{terminal};
  EXPECT_FALSE(has_hung_up(fd.number()));
  other_end.reset();
  EXPECT_TRUE(has_hung_up(fd.number()));
}

TEST(TerminalColumns, AreNoneOfAFileOrAPipe) {
  const Pipe pipe;
  EXPECT_EQ(terminal_columns(pipe.writing.number()), std::nullopt);
  const Fd null{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  EXPECT_EQ(terminal_columns(null.number()), std::nullopt);
}

TEST(BlockSignals, TurnsSigpipeIntoAnError) {
  Pipe pipe;
  pipe.reading.reset();
  int number = 0;
  std::jthread([&] {
    block_signals();
    const auto taken = write_some(pipe.writing.number(), "x");
    number = taken ? 0 : taken.error().number;
  }).join();
  EXPECT_EQ(number, EPIPE);
}

}  // namespace
}  // namespace dropwarden::sys
