// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/fid_group.hpp"

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fid_record.hpp"

// A group is a queue of records: here a pipe that the test fills.
namespace dropwarden::watch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FidGroupTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    reader_ = sys::Fd(ends[0]);
    writer_ = sys::Fd(ends[1]);
    ASSERT_GE(::fcntl(writer_.number(), F_SETPIPE_SZ, 1 << 20), 1 << 20);
  }

  void make_group(std::chrono::milliseconds rest = {}) {
    group_ = std::make_unique<FidGroup>(
        loop_, std::move(reader_), rest,
        FidGroup::Handler{
            .on_events =
                [this](std::span<const FidEvent> events) {
                  ++calls_;
                  for (const FidEvent& event : events) names_.emplace_back(event.name);
                  if (then_) then_();
                },
            .on_rest = [this] { ++rests_; },
            .on_loss = [this](model::Loss loss) { losses_.push_back(loss); },
            .on_failure = [this](const sys::Error& error) { failures_.push_back(error.number); }});
    group_->start();
  }

  static Bytes event(std::string_view name) {
    return fid_record(FAN_ATTRIB, {fid_info(FAN_EVENT_INFO_TYPE_DFID_NAME, "directory", name)});
  }
  void queue(const Bytes& bytes) {
    ASSERT_EQ(::write(writer_.number(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void run() {
    loop_.restart();
    loop_.poll();
  }

  boost::asio::io_context loop_{1};
  sys::Fd reader_;
  sys::Fd writer_;
  std::unique_ptr<FidGroup> group_;
  std::function<void()> then_;
  std::vector<std::string> names_;
  std::vector<model::Loss> losses_;
  std::vector<int> failures_;
  int calls_ = 0;
  int rests_ = 0;
};

TEST_F(FidGroupTest, HandsEachRecordOnAndSaysWhenItHasAll) {
  make_group();
  queue(joined({event("a"), event("b")}));
  run();
  EXPECT_THAT(names_, ElementsAre("a", "b"));
  EXPECT_EQ(rests_, 1);
  EXPECT_THAT(losses_, IsEmpty());
}

TEST_F(FidGroupTest, HandsOnSeveralAtOnceUpToABound) {
  make_group();
  Bytes many;
  for (std::size_t i = 0; i < FidGroup::most_at_once + 1; ++i) many = joined({many, event("a")});
  queue(many);
  run();
  EXPECT_EQ(names_.size(), FidGroup::most_at_once + 1);
  EXPECT_EQ(calls_, 2);
}

TEST_F(FidGroupTest, TellsOfALossInItsPlace) {
  make_group();
  std::size_t before = 0;
  then_ = [&] {
    if (losses_.empty()) before = names_.size();
  };
  queue(joined({event("a"), fid_record(FAN_Q_OVERFLOW, {}), event("b")}));
  run();
  EXPECT_THAT(names_, ElementsAre("a", "b"));
  EXPECT_EQ(before, 1U);
}

TEST_F(FidGroupTest, TellsWhatWasLost) {
  make_group();
  Bytes bad = event("b");
  bad[4] = std::byte{0};
  queue(joined({fid_record(FAN_Q_OVERFLOW, {}), event("a"), bad}));
  run();
  queue(event("c"));
  run();
  EXPECT_THAT(names_, ElementsAre("a", "c"));
  EXPECT_THAT(losses_, ElementsAre(model::Loss::queue_overflow, model::Loss::malformed_event));
}

TEST_F(FidGroupTest, RestsBeforeItReads) {
  make_group(std::chrono::milliseconds(1));
  queue(event("a"));
  run();
  EXPECT_THAT(names_, IsEmpty());
  loop_.restart();
  while (names_.empty() && loop_.run_one_for(std::chrono::seconds(10)) > 0) {
  }
  EXPECT_THAT(names_, ElementsAre("a"));
}

TEST_F(FidGroupTest, GivesTheLoopItsTurnWhileMuchIsQueued) {
  make_group();
  // A pipe, unlike a group, cuts a record that does not fit: these fit into any buffer of their multiple.
  const Bytes one = event("ten bytes!");
  ASSERT_EQ(one.size(), 64U);
  Bytes many;
  for (int i = 0; i < 10'000; ++i) {
    many.insert(many.end(), one.begin(), one.end());
  }
  queue(many);
  std::size_t at_turn = 0;
  then_ = [&] {
    if (calls_ == 1) boost::asio::post(loop_, [&] { at_turn = names_.size(); });
  };
  run();
  EXPECT_EQ(names_.size(), 10'000U);
  EXPECT_GT(at_turn, FidGroup::most_at_once);
  EXPECT_LT(at_turn, names_.size());
}

TEST_F(FidGroupTest, HandsOnWhatIsQueuedWhenItStops) {
  make_group(std::chrono::hours(1));
  queue(joined({event("a"), event("b")}));
  group_->stop();
  EXPECT_THAT(names_, ElementsAre("a", "b"));
  EXPECT_EQ(rests_, 1);
  EXPECT_EQ(group_->descriptor(), -1);
}

TEST_F(FidGroupTest, MayBeStoppedAndDestroyedByItsCallback) {
  make_group();
  then_ = [this] { group_.reset(); };
  queue(joined({event("a"), fid_record(FAN_Q_OVERFLOW, {}), event("b")}));
  run();
  EXPECT_THAT(names_, ElementsAre("a"));
  EXPECT_THAT(losses_, IsEmpty());
}

TEST_F(FidGroupTest, EndsWhenItCannotBeReadAnyMore) {
  make_group();
  writer_.reset();
  run();
  EXPECT_THAT(failures_, ElementsAre(EIO));
}

}  // namespace
}  // namespace dropwarden::watch
