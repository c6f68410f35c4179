// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/stream.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::sink {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Pipe {
  sys::Fd reading;
  sys::Fd writing;

  explicit Pipe(int flags = 0) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | flags), 0);
    reading = sys::Fd{ends[0]};
    writing = sys::Fd{ends[1]};
  }
};

// What a Stream told its owner.
class Log {
 public:
  auto sink() {
    return [this](const std::string& text) {
      const std::lock_guard lock(mutex_);
      texts_.push_back(text);
    };
  }
  std::vector<std::string> texts() const {
    const std::lock_guard lock(mutex_);
    return texts_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
};

template <class Condition>
bool comes_true(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

std::string read_to_end(int fd) {
  return *sys::read_file(fd, std::size_t{64} << 20U, "pipe");
}

std::string numbered_line(int number, std::size_t length) {
  std::string line = std::to_string(number) + ":";
  line.resize(length, static_cast<char>('a' + number % 26));
  return line;
}

// Whatever the kind of descriptor, every line arrives whole and in order.
void expect_whole_lines(int reading, sys::Fd& writing) {
  constexpr int count = 300;
  Log log;
  std::string text;
  std::jthread reader([&] { text = read_to_end(reading); });
  {
    Stream stream(writing.number(), count, log.sink());
    for (int i = 0; i < count; ++i) {
      EXPECT_TRUE(stream.write(numbered_line(i, static_cast<std::size_t>(i) * 37 + 5)));
    }
    EXPECT_TRUE(comes_true([&] { return stream.lines_written() == count; }));
    EXPECT_EQ(stream.lines_lost(), 0U);
  }
  writing.reset();
  reader.join();
  std::string_view rest = text;
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(util::take_until(rest, '\n'), numbered_line(i, static_cast<std::size_t>(i) * 37 + 5));
  }
  EXPECT_EQ(rest, "");
  EXPECT_THAT(log.texts(), IsEmpty());
}

TEST(Stream, WritesWholeLinesToAPipe) {
  Pipe pipe;
  expect_whole_lines(pipe.reading.number(), pipe.writing);
}

TEST(Stream, WritesWholeLinesToANonBlockingPipe) {
  Pipe pipe;
  ASSERT_EQ(::fcntl(pipe.writing.number(), F_SETFL, O_NONBLOCK), 0);
  expect_whole_lines(pipe.reading.number(), pipe.writing);
}

TEST(Stream, HasALineWrittenAtOnceWhereAPipeTakesIt) {
  Pipe pipe;
  Log log;
  Stream stream(pipe.writing.number(), 4, log.sink());
  bool is_written = false;
  EXPECT_TRUE(stream.write("line", Stream::Room::whole, [&](bool written) { is_written = written; }));
  EXPECT_TRUE(is_written);
  EXPECT_EQ(stream.lines_written(), 1U);
}

TEST(Stream, WritesInOrderWhetherAtOnceOrLater) {
  Pipe pipe;
  Log log;
  std::string text;
  constexpr int count = 5000;
  {
    Stream stream(pipe.writing.number(), count, log.sink());
    // The pipe fills up and is emptied again and again.
    std::jthread reader([&] {
      std::array<char, 3000> some{};
      while (std::ranges::count(text, '\n') < count) {
        const ssize_t got = ::read(pipe.reading.number(), some.data(), some.size());
        ASSERT_GT(got, 0);
        text.append(some.data(), static_cast<std::size_t>(got));
        if (text.size() % 16 == 0) std::this_thread::sleep_for(1ms);
      }
    });
    for (int i = 0; i < count; ++i) EXPECT_TRUE(stream.write(numbered_line(i, 200)));
  }
  std::string_view rest = text;
  for (int i = 0; i < count; ++i) ASSERT_EQ(util::take_until(rest, '\n'), numbered_line(i, 200));
}

TEST(Stream, WritesWholeLinesToASocket) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const sys::Fd reading{ends[0]};
  sys::Fd writing{ends[1]};
  expect_whole_lines(reading.number(), writing);
}

TEST(Stream, LeavesTheFlagsOfASharedDescriptorAlone) {
  Pipe pipe;
  const int before = ::fcntl(pipe.writing.number(), F_GETFL);
  Log log;
  const Stream stream(pipe.writing.number(), 4, log.sink());
  EXPECT_EQ(::fcntl(pipe.writing.number(), F_GETFL), before);
}

TEST(Stream, RefusesWhatDoesNotFitWhileTheReaderStalls) {
  Pipe pipe;
  Log log;
  Stream stream(pipe.writing.number(), 4, log.sink());
  int taken = 0;
  const auto fill = [&] {
    while (stream.write(std::string(4000, 'x'))) ++taken;
    return taken;
  };
  // The pipe takes 64 KiB and the thread holds one line: once a full queue stays full, nothing moves any
  // more.
  ASSERT_TRUE(comes_true([&] { return fill() > 4 + 64 * 1024 / 4001; }));
  const auto started = std::chrono::steady_clock::now();
  EXPECT_FALSE(stream.write("one more"));
  EXPECT_LT(std::chrono::steady_clock::now() - started, 1s) << "never waits for the reader";
  EXPECT_EQ(stream.lines_lost(), 0U) << "what was refused is the caller's loss";
  pipe.reading.reset();
}

TEST(Stream, KeepsRoomForFindingsInAFloodOfEvents) {
  Pipe pipe;
  Log log;
  Stream stream(pipe.writing.number(), 9, log.sink());
  int taken = 0;
  const auto fill = [&] {
    while (stream.write(std::string(4000, 'x'), Stream::Room::half)) ++taken;
    return taken;
  };
  ASSERT_TRUE(comes_true([&] { return fill() > 5 + 64 * 1024 / 4001; }));
  EXPECT_FALSE(stream.write("an event", Stream::Room::half));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(stream.write("a finding")) << i;
  EXPECT_FALSE(stream.write("a finding"));
  pipe.reading.reset();
}

TEST(Stream, BoundsTheBytesThatWaitWhateverTheirNumber) {
  Pipe pipe;
  Log log;
  Stream stream(pipe.writing.number(), 1U << 20U, log.sink());
  constexpr std::size_t line = std::size_t{1} << 20U;
  std::size_t taken = 0;
  while (taken < 1000 && stream.write(std::string(line, 'x'))) ++taken;
  EXPECT_GE(taken, Stream::max_queued_bytes / line - 1);
  EXPECT_LE(taken, Stream::max_queued_bytes / line + 1) << "one is with the thread";
  pipe.reading.reset();
}

void expect_end_within_limit(int descriptor) {
  constexpr std::uint64_t count = 100;
  Log log;
  Stream stream(descriptor, count, log.sink());
  for (std::uint64_t i = 0; i < count; ++i) EXPECT_TRUE(stream.write(std::string(8000, 'x')));
  const auto started = std::chrono::steady_clock::now();
  stream.finish();
  const auto took = std::chrono::steady_clock::now() - started;
  EXPECT_GE(took, 1900ms) << "the reader is given its time";
  EXPECT_LT(took, 4s);
  EXPECT_EQ(stream.lines_written() + stream.lines_lost(), count) << "nothing is left uncounted";
  EXPECT_GT(stream.lines_lost(), count / 2);
  EXPECT_THAT(log.texts(), SizeIs(1)) << "one text for all lines that were left";
  EXPECT_FALSE(stream.write("too late"));
}

TEST(Stream, EndsThoughTheReaderStalls) {
  const Pipe pipe;
  expect_end_within_limit(pipe.writing.number());
}

TEST(Stream, EndsThoughATerminalStalls) {
  const sys::Fd terminal{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  ASSERT_TRUE(terminal);
  ASSERT_EQ(::grantpt(terminal.number()), 0);
  ASSERT_EQ(::unlockpt(terminal.number()), 0);
  const sys::Fd user_side{::open(::ptsname(terminal.number()), O_RDWR | O_NOCTTY | O_CLOEXEC)};
  ASSERT_TRUE(user_side);
  expect_end_within_limit(user_side.number());
}

TEST(Stream, EndsThoughASocketStalls) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const sys::Fd reading{ends[0]};
  const sys::Fd writing{ends[1]};
  expect_end_within_limit(writing.number());
}

TEST(Stream, EndsThoughAnotherWriterHasFilledThePipe) {
  const Pipe pipe;
  ASSERT_EQ(::fcntl(pipe.writing.number(), F_SETFL, O_NONBLOCK), 0);
  const std::string filler(4096, 'f');
  while (::write(pipe.writing.number(), filler.data(), filler.size()) > 0) {
  }
  ASSERT_EQ(::fcntl(pipe.writing.number(), F_SETFL, 0), 0);
  Log log;
  Stream stream(pipe.writing.number(), 4, log.sink());
  EXPECT_TRUE(stream.write("x"));
  const auto started = std::chrono::steady_clock::now();
  stream.finish();
  EXPECT_EQ(stream.lines_lost(), 1U);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 4s);
  ASSERT_THAT(log.texts(), SizeIs(1));
  EXPECT_THAT(log.texts().front(), HasSubstr("Timer expired"));
}

TEST(Stream, DrainsItsQueueAtTheEndWhenTheReaderReads) {
  Pipe pipe;
  Log log;
  std::string text;
  std::jthread reader([&] { text = read_to_end(pipe.reading.number()); });
  {
    Stream stream(pipe.writing.number(), 1000, log.sink());
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(stream.write(std::string(999, 'x')));
  }
  pipe.writing.reset();
  reader.join();
  EXPECT_EQ(text.size(), 1000U * 1000U);
}

TEST(Stream, OutlivesAReaderThatCloses) {
  Pipe pipe;
  Log log;
  Stream stream(pipe.writing.number(), 100, log.sink());
  EXPECT_TRUE(stream.write("first"));
  ASSERT_TRUE(comes_true([&] { return stream.lines_written() == 1; }));
  pipe.reading.reset();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(stream.write("lost"));
  EXPECT_TRUE(comes_true([&] { return stream.lines_lost() == 10; }));
  EXPECT_THAT(log.texts(), ElementsAre(HasSubstr("Broken pipe"))) << "once a failure, not once a line";
}

TEST(Stream, OutlivesAReaderThatWasNeverThere) {
  Pipe pipe;
  pipe.reading.reset();
  Log log;
  Stream stream(pipe.writing.number(), 100, log.sink());
  EXPECT_TRUE(stream.write("lost"));
  EXPECT_TRUE(comes_true([&] { return stream.lines_lost() == 1; }));
}

TEST(Stream, CountsWhatAFullDeviceRefuses) {
  const sys::Fd full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  ASSERT_TRUE(full);
  Log log;
  Stream stream(full.number(), 100, log.sink());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(stream.write("x"));
  EXPECT_TRUE(comes_true([&] { return stream.lines_lost() == 5; }));
  EXPECT_EQ(stream.lines_written(), 0U);
  EXPECT_THAT(log.texts(), ElementsAre(HasSubstr("No space left on device")));
}

// The size limit of files, setrlimit(2), stands for a disk that is full for a while.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const struct rlimit now{bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &now), 0);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  struct rlimit before_{};
};

TEST(Stream, BeginsALineAnewAfterAPartOfOneWasTaken) {
  const sys::Fd file{::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  ASSERT_TRUE(file);
  Log log;
  Stream stream(file.number(), 100, log.sink());
  {
    const FileSizeLimit limit(5);
    EXPECT_TRUE(stream.write("abcdefgh"));
    ASSERT_TRUE(comes_true([&] { return stream.lines_lost() == 1; }));
    EXPECT_TRUE(stream.write("lost too"));
    ASSERT_TRUE(comes_true([&] { return stream.lines_lost() == 2; }));
  }
  EXPECT_TRUE(stream.write("whole"));
  ASSERT_TRUE(comes_true([&] { return stream.lines_written() == 1; }));
  ASSERT_EQ(::lseek(file.number(), 0, SEEK_SET), 0);
  EXPECT_EQ(read_to_end(file.number()), "abcde\nwhole\n");
  EXPECT_THAT(log.texts(), SizeIs(1));
}

TEST(Stream, TellsASecondFailureAfterASuccess) {
  const sys::Fd file{::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  ASSERT_TRUE(file);
  Log log;
  Stream stream(file.number(), 100, log.sink());
  for (const std::uint64_t round : {1U, 2U}) {
    {
      const FileSizeLimit limit(0);
      EXPECT_TRUE(stream.write("lost"));
      ASSERT_TRUE(comes_true([&] { return stream.lines_lost() == round; }));
    }
    ASSERT_EQ(::ftruncate(file.number(), 0), 0);
    EXPECT_TRUE(stream.write("written"));
    ASSERT_TRUE(comes_true([&] { return stream.lines_written() == round; }));
  }
  EXPECT_THAT(log.texts(), SizeIs(2));
}

}  // namespace
}  // namespace dropwarden::sink
