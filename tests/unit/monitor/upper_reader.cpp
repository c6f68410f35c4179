// SPDX-License-Identifier: Apache-2.0
#include "monitor/upper_reader.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fid_record.hpp"
#include "support/loop.hpp"

// A group is a queue of records: here a pipe that the test fills. What is read from a file system's is in
// tests/integration/upper_layer.cpp.
namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class UpperReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    writer_ = sys::Fd(ends[1]);
    reader_ = std::make_unique<UpperReader>(
        loop_, *privilege_, sys::Fd(ends[0]),
        UpperReader::Handler{
            .on_sighting = [this](const Sighting&) { ++sightings_; },
            .on_passed_over = [](std::uint64_t) {},
            .on_loss =
                [this](UpperResolver::Missed missed) {
                  std::this_thread::sleep_for(handling_);
                  losses_.push_back(missed.loss);
                },
            .on_failure = [this](const sys::Error& error) { failures_.push_back(error.number); }});
  }

  void queue(const watch::Bytes& bytes) {
    ASSERT_EQ(::write(writer_.number(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  static watch::Bytes event(int pid) {
    return watch::fid_record(FAN_ATTRIB,
                             {watch::fid_info(FAN_EVENT_INFO_TYPE_DFID_NAME, "directory", "name")}, pid);
  }

  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  std::unique_ptr<privilege::Privilege> privilege_ = privilege::make_direct();
  sys::Fd writer_;
  std::unique_ptr<UpperReader> reader_;
  std::chrono::milliseconds handling_{0};
  int sightings_ = 0;
  std::vector<model::Loss> losses_;
  std::vector<int> failures_;
};

TEST_F(UpperReaderTest, TellsALossOnTheLoop) {
  queue(watch::fid_record(FAN_Q_OVERFLOW, {}));
  EXPECT_TRUE(test::run_until(loop_, [&] { return !losses_.empty(); }));
  EXPECT_THAT(losses_, ElementsAre(model::Loss::queue_overflow));
}

TEST_F(UpperReaderTest, CountsWhatIsNoContainersAndLeavesOutItsOwn) {
  queue(watch::joined({event(1), event(::getpid()), event(1)}));
  reader_->stop();
  EXPECT_EQ(reader_->tally().records, 2U);
  EXPECT_EQ(reader_->tally().elsewhere, 2U);
  EXPECT_EQ(sightings_, 0);
}

TEST_F(UpperReaderTest, HandsOnWhatIsQueuedWhenItStops) {
  for (int i = 0; i < 600; ++i) queue(watch::fid_record(FAN_Q_OVERFLOW, {}));
  reader_->stop();
  EXPECT_EQ(losses_.size(), 600U) << "more than wait for the loop at a time";
  reader_->stop();
}

// Each of them may take long, and what else comes to the loop waits in a queue that has an end.
TEST_F(UpperReaderTest, LeavesTheLoopItsTurn) {
  handling_ = 25ms;
  for (int i = 0; i < 4; ++i) queue(watch::fid_record(FAN_Q_OVERFLOW, {}));
  EXPECT_TRUE(test::run_until(loop_, [&] { return !losses_.empty(); }));
  bool has_run = false;
  boost::asio::post(loop_, [&] {
    has_run = true;
    EXPECT_LT(losses_.size(), 4U);
  });
  EXPECT_TRUE(test::run_until(loop_, [&] { return has_run && losses_.size() == 4; }));
}

TEST_F(UpperReaderTest, MayGoWhileSomethingIsOnItsWayToTheLoop) {
  queue(watch::fid_record(FAN_Q_OVERFLOW, {}));
  reader_.reset();
  test::run_ready(loop_);
  EXPECT_THAT(losses_, ElementsAre(model::Loss::queue_overflow)) << "once, by its end";
}

TEST_F(UpperReaderTest, SaysThatItCannotBeReadAnyMore) {
  writer_.reset();
  EXPECT_TRUE(test::run_until(loop_, [&] { return !failures_.empty(); }));
  EXPECT_THAT(failures_, ElementsAre(EIO));
  EXPECT_THAT(losses_, IsEmpty());
}

}  // namespace
}  // namespace dropwarden::monitor
