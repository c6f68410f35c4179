// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/group.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <memory>
#include <numeric>
#include <thread>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "record.hpp"
#include "support/counted_allocations.hpp"

// A group is a queue of records: here a pipe that the test fills. What only the kernel can do is in
// tests/kernel/group.cpp.

namespace dropwarden::watch {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::ResultOf;

bool is_open(int descriptor) {
  return ::fcntl(descriptor, F_GETFD) != -1;
}

std::vector<int> numbers(int last) {
  std::vector<int> all(static_cast<std::size_t>(last));
  std::iota(all.begin(), all.end(), 1);
  return all;
}

class GroupTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    reader_ = sys::Fd(ends[0]);
    writer_ = sys::Fd(ends[1]);
    ASSERT_GE(::fcntl(writer_.number(), F_SETPIPE_SZ, 1 << 20), 1 << 20);
  }

  void make_group(bool has_fd_error = true) {
    group_ = std::make_unique<Group>(
        loop_, std::move(reader_), has_fd_error,
        Group::Handler{.on_file = [this](FileEvent event) { on_file(std::move(event)); },
                       .on_loss =
                           [this](model::Loss loss, model::Pid pid, int error) {
                             losses_.push_back(loss);
                             loss_pids_.push_back(pid.value);
                             loss_errors_.push_back(error);
                           },
                       .on_failure = [this](const sys::Error& error) { failures_.push_back(error.number); }});
    group_->start();
  }

  void on_file(FileEvent event) {
    pids_.push_back(event.pid.value);
    written_.push_back(is_written(event));
    event.file.reset();
    if (then_) then_();
  }

  void queue(const std::vector<struct fanotify_event_metadata>& records) {
    const auto bytes = bytes_of(records);
    ASSERT_EQ(::write(writer_.number(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }

  // Of processes 1 to `count`, in `files_`.
  void queue_files(int count) {
    std::vector<struct fanotify_event_metadata> records;
    for (int pid = 1; pid <= count; ++pid) {
      files_.push_back(open_event_file());
      records.push_back(file_record(files_.back(), pid));
    }
    queue(records);
  }

  // A descriptor such as the kernel would have opened for the reader.
  static int open_event_file() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

  void run() {
    loop_.restart();
    loop_.poll();
  }

  boost::asio::io_context loop_{1};
  sys::Fd reader_;
  sys::Fd writer_;
  std::unique_ptr<Group> group_;
  std::function<void()> then_;
  std::vector<int> files_;
  std::vector<int> pids_;
  std::vector<bool> written_;
  std::vector<model::Loss> losses_;
  std::vector<int> loss_pids_;
  std::vector<int> loss_errors_;
  std::vector<int> failures_;
};

TEST_F(GroupTest, HandsEachFileOnAsItsOwner) {
  make_group();
  const int first = open_event_file();
  const int second = open_event_file();
  queue({file_record(first, 10), file_record(second, 20)});
  run();
  EXPECT_THAT(pids_, ElementsAre(10, 20));
  EXPECT_FALSE(is_open(first));
  EXPECT_FALSE(is_open(second));
  queue({file_record(open_event_file(), 30)});
  run();
  EXPECT_THAT(pids_, ElementsAre(10, 20, 30));
  EXPECT_THAT(losses_, IsEmpty());
}

TEST_F(GroupTest, TellsWhatWasWrittenFromWhatIsOnlyExecuted) {
  make_group();
  auto executed = file_record(open_event_file());
  executed.mask = FAN_OPEN_EXEC;
  auto both = file_record(open_event_file());
  both.mask = FAN_OPEN_EXEC | FAN_CLOSE_WRITE;
  queue({file_record(open_event_file()), executed, both});
  run();
  EXPECT_THAT(written_, ElementsAre(true, false, true));
}

TEST_F(GroupTest, TellsEveryRecordWithoutAFileAsALoss) {
  make_group();
  queue({overflow_record(), file_record(-EMFILE, 1), file_record(-ENFILE, 2), file_record(-EAGAIN, 3),
         file_record(-EACCES, 4), file_record(FAN_NOFD, 5)});
  run();
  EXPECT_THAT(losses_, ElementsAre(model::Loss::queue_overflow, model::Loss::descriptor_limit,
                                   model::Loss::descriptor_limit, model::Loss::lease,
                                   model::Loss::open_failed, model::Loss::open_failed));
  EXPECT_THAT(loss_pids_, ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(loss_errors_, ElementsAre(0, EMFILE, ENFILE, EAGAIN, EACCES, 0));
}

TEST_F(GroupTest, GoesOnAfterBytesThatDoNotDecode) {
  make_group();
  auto bad = file_record(-1);
  bad.vers = 0;
  queue({file_record(open_event_file(), 1), bad});
  run();
  queue({file_record(open_event_file(), 2)});
  run();
  EXPECT_THAT(pids_, ElementsAre(1, 2));
  EXPECT_THAT(losses_, ElementsAre(model::Loss::malformed_event));
}

TEST_F(GroupTest, GivesTheLoopItsTurnWhileMuchIsQueued) {
  make_group();
  std::vector<struct fanotify_event_metadata> many(20'000, file_record(-EACCES));
  many.front() = file_record(open_event_file());
  queue(many);
  std::size_t told_at_turn = 0;
  then_ = [&] { boost::asio::post(loop_, [&] { told_at_turn = losses_.size(); }); };
  run();
  EXPECT_EQ(losses_.size(), many.size() - 1);
  EXPECT_GT(told_at_turn, 0U);
  EXPECT_LT(told_at_turn, losses_.size());
}

// A single read gives some 300 records, and each may lead to a look at whatever a container has made.
TEST_F(GroupTest, GivesTheLoopItsTurnAmidTheRecordsOfAReadWhereTheyTakeLong) {
  make_group();
  std::size_t told_at_turn = 0;
  then_ = [&] {
    std::this_thread::sleep_for(5ms);
    if (pids_.size() == 1) boost::asio::post(loop_, [&] { told_at_turn = pids_.size(); });
  };
  queue_files(20);
  run();
  EXPECT_GT(told_at_turn, 0U);
  EXPECT_LT(told_at_turn, 10U);
  EXPECT_THAT(pids_, ElementsAreArray(numbers(20)));
  EXPECT_THAT(files_, Each(ResultOf(is_open, false)));
  EXPECT_THAT(losses_, IsEmpty());
  queue({file_record(open_event_file(), 21)});
  loop_.restart();
  while (pids_.size() < 21 && loop_.run_one_for(10s) > 0) continue;
  EXPECT_THAT(pids_, ElementsAreArray(numbers(21))) << "it goes on";
}

TEST_F(GroupTest, TellsOnceOfBytesThatDoNotDecodeBehindRecordsThatTakeLong) {
  make_group();
  then_ = [] { std::this_thread::sleep_for(30ms); };
  auto bad = file_record(-1);
  bad.vers = 0;
  queue({file_record(open_event_file(), 1), file_record(open_event_file(), 2), bad});
  run();
  queue({file_record(open_event_file(), 3)});
  run();
  EXPECT_THAT(pids_, ElementsAre(1, 2, 3));
  EXPECT_THAT(losses_, ElementsAre(model::Loss::malformed_event));
}

TEST_F(GroupTest, HandsOnWhatATurnHasLeftOfAReadWhenItStops) {
  make_group();
  then_ = [&] {
    std::this_thread::sleep_for(5ms);
    if (pids_.size() == 1) boost::asio::post(loop_, [&] { group_->stop(); });
  };
  queue_files(20);
  run();
  EXPECT_THAT(pids_, ElementsAreArray(numbers(20)));
  EXPECT_THAT(files_, Each(ResultOf(is_open, false)));
  EXPECT_EQ(group_->descriptor(), -1);
}

TEST_F(GroupTest, ClosesWhatATurnHasLeftOfAReadWhenItIsDestroyed) {
  make_group();
  then_ = [&] {
    std::this_thread::sleep_for(5ms);
    if (pids_.size() > 1) return;
    boost::asio::post(loop_, [&] {
      group_.reset();
      EXPECT_THAT(files_, Each(ResultOf(is_open, false))) << "each pins a mount of a container";
    });
  };
  queue_files(20);
  run();
  EXPECT_LT(pids_.size(), 20U);
}

TEST_F(GroupTest, HandsOnWhatIsQueuedWhenItStops) {
  make_group();
  queue({file_record(open_event_file(), 1), file_record(open_event_file(), 2)});
  group_->stop();
  EXPECT_THAT(pids_, ElementsAre(1, 2));
  EXPECT_EQ(group_->descriptor(), -1);
  run();
  EXPECT_THAT(pids_, ElementsAre(1, 2));
}

TEST_F(GroupTest, MayBeStoppedByItsCallback) {
  make_group();
  then_ = [this] {
    if (pids_.size() == 1) queue({file_record(open_event_file(), 3)});
    group_->stop();
    group_->stop();
  };
  queue({file_record(open_event_file(), 1), file_record(open_event_file(), 2)});
  run();
  EXPECT_THAT(pids_, ElementsAre(1, 2, 3));
  EXPECT_EQ(group_->descriptor(), -1);
}

TEST_F(GroupTest, MayBeDestroyedByItsCallbackAndClosesWhatItHasNotHandedOn) {
  make_group();
  then_ = [this] { group_.reset(); };
  const int second = open_event_file();
  queue({file_record(open_event_file(), 1), file_record(second, 2)});
  run();
  EXPECT_THAT(pids_, ElementsAre(1));
  EXPECT_FALSE(is_open(second));
}

TEST_F(GroupTest, EndsWhenItCannotBeReadAnyMore) {
  make_group();
  writer_.reset();
  run();
  EXPECT_THAT(failures_, ElementsAre(EIO));
  EXPECT_EQ(group_->descriptor(), -1);
}

TEST_F(GroupTest, WorksWithoutErrorRecords) {
  make_group(false);
  queue({file_record(open_event_file(), 1), overflow_record()});
  run();
  EXPECT_THAT(pids_, ElementsAre(1));
  EXPECT_THAT(losses_, ElementsAre(model::Loss::queue_overflow));
}

class GroupMemoryTest : public GroupTest, public testing::WithParamInterface<bool> {
 protected:
  // What one reading of `files` files and as many losses allocates, the test's own buffers included.
  long count_allocations(int files) {
    std::vector<struct fanotify_event_metadata> records;
    for (int i = 0; i < files; ++i) {
      records.push_back(file_record(open_event_file()));
      records.push_back(file_record(-EACCES));
    }
    const auto bytes = bytes_of(records);
    pids_.reserve(pids_.size() + records.size());
    written_.reserve(written_.size() + records.size());
    losses_.reserve(losses_.size() + records.size());
    loss_pids_.reserve(loss_pids_.size() + records.size());
    loss_errors_.reserve(loss_errors_.size() + records.size());
    const auto events_before = pids_.size() + losses_.size();
    const long before = test::allocations();
    EXPECT_EQ(::write(writer_.number(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    run();
    const long taken = test::allocations() - before;
    EXPECT_EQ(pids_.size() + losses_.size(), events_before + records.size());
    return taken;
  }
};

TEST_P(GroupMemoryTest, IsNotAllocatedForAnEvent) {
  make_group(GetParam());
  count_allocations(1);  // asio keeps the memory of a handler for the next one
  const long for_one = count_allocations(1);
  EXPECT_EQ(count_allocations(400), for_one);
  EXPECT_GT(test::allocations(), 0) << "the counter counts nothing";
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutErrorRecords, GroupMemoryTest, testing::Bool());

}  // namespace
}  // namespace dropwarden::watch
