// SPDX-License-Identifier: Apache-2.0
#include "monitor/process_reader.hpp"

#include <memory>
#include <optional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "dropwarden/privilege/privilege.hpp"

#include "support/wait.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// Waits until it is told to end.
class Writer {
 public:
  Writer() {
    if (::pipe(ends_) == 0) pid_ = ::fork();
    if (pid_ != 0) return;
    ::close(ends_[1]);
    char byte = 0;
    static_cast<void>(!::read(ends_[0], &byte, 1));
    ::_exit(0);
  }
  ~Writer() { end(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  model::Pid pid() const { return {pid_}; }
  void end() {
    if (pid_ <= 0) return;
    ::close(ends_[0]);
    ::close(ends_[1]);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }

 private:
  int ends_[2]{};
  pid_t pid_ = 0;
};

class ProcessReaderTest : public testing::Test {
 protected:
  // What the thread read of it, once it has.
  std::optional<ProcessReader::Answer> read(const model::ProcessInfo& first) {
    answer_.reset();
    EXPECT_TRUE(reader_.submit(++serial_, first, false, {}, {}));
    test::wait_for(
        [&] {
          loop_.restart();
          loop_.poll();
          return answer_.has_value();
        },
        10s);
    return answer_;
  }
  // While it has just been read: on a busy machine that may take a few times.
  std::optional<ProcessReader::Answer> recall(const model::ProcessInfo& first,
                                              const model::ProcessInfo& asked) {
    std::optional<ProcessReader::Answer> recalled;
    test::wait_for(
        [&] {
          read(first);
          recalled = reader_.recall(asked, false);
          return recalled.has_value();
        },
        5s);
    return recalled;
  }

  const std::unique_ptr<privilege::Privilege> privilege_ = privilege::make_direct();
  boost::asio::io_context loop_;
  std::optional<ProcessReader::Answer> answer_;
  std::uint64_t serial_ = 0;
  ProcessReader reader_{loop_, *privilege_,
                        [this](std::uint64_t, ProcessReader::Answer answer) { answer_ = std::move(answer); }};
};

TEST_F(ProcessReaderTest, RecallsWhatItHasJustRead) {
  const Writer writer;
  const auto first = reader_.glimpse(writer.pid());
  EXPECT_FALSE(reader_.recall(first, false)) << "nothing was read";
  const auto recalled = recall(first, first);
  ASSERT_TRUE(recalled);
  EXPECT_EQ(recalled->process.pid, writer.pid());
  EXPECT_EQ(recalled->process.state, model::ProcessState::running);
  EXPECT_FALSE(recalled->process.command_line.empty());
}

TEST_F(ProcessReaderTest, RecallsNothingOfWhatLooksOtherwise) {
  const Writer writer;
  const auto first = reader_.glimpse(writer.pid());
  ASSERT_TRUE(recall(first, first));
  for (const auto change : {+[](model::ProcessInfo& process) { process.name = "another"; },
                            +[](model::ProcessInfo& process) { process.uid = 4711; },
                            +[](model::ProcessInfo& process) { process.exe = "/another"; },
                            +[](model::ProcessInfo& process) { process.exe_file = std::nullopt; },
                            +[](model::ProcessInfo& process) { process.pid = {1}; }}) {
    auto other = first;
    change(other);
    read(first);
    EXPECT_FALSE(reader_.recall(other, false));
  }
  read(first);
  EXPECT_FALSE(reader_.recall(first, true)) << "its root was not asked for";
}

TEST_F(ProcessReaderTest, RecallsNothingOfAProcessThatHasEnded) {
  Writer writer;
  const auto first = reader_.glimpse(writer.pid());
  read(first);
  writer.end();
  EXPECT_FALSE(reader_.recall(first, false)) << "its number may be another's";
}

TEST_F(ProcessReaderTest, RecallsNothingThatIsLongAgo) {
  const Writer writer;
  const auto first = reader_.glimpse(writer.pid());
  ASSERT_TRUE(recall(first, first));
  EXPECT_TRUE(test::wait_for([&] { return !reader_.recall(first, false); }, 10s));
}

}  // namespace
}  // namespace dropwarden::monitor
