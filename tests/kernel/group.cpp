// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/group.hpp"

#include <chrono>
#include <thread>

#include <gmock/gmock.h>

#include "dropwarden/watch/marks.hpp"

#include "kernel_test.hpp"
#include "make_losses.hpp"
#include "support/child.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"
#include "support/queue_limit.hpp"

// watch::Group on real groups: with error records (FAN_REPORT_FD_ERROR) and without, as on older kernels.
namespace dropwarden::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RealGroup : public KernelTest, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (GetParam() && !features_.has_fd_error)
      GTEST_SKIP() << "SKIP kernel: needs FAN_REPORT_FD_ERROR, Linux 6.13";
    const watch::Features features{.has_fd_error = GetParam()};
    overlay_ = std::make_unique<TestOverlay>(make_scratch_directory());
    TestGroup group(*privilege_, features);
    group.mark(merged());
    group_ = std::make_unique<watch::Group>(
        loop_, group.release(), GetParam(),
        watch::Group::Handler{
            .on_file =
                [this](watch::FileEvent event) {
                  std::this_thread::sleep_for(handling_);
                  headers_.push_back(read_header(event.file));
                  pids_.push_back(event.pid.value);
                },
            .on_loss = [this](model::Loss loss, model::Pid, int) { losses_.push_back(loss); },
            .on_failure = [](const sys::Error& error) { FAIL() << error.text(); }});
    group_->start();
  }

  std::string merged() const { return overlay_->merged(); }

  // Until `count` records have arrived, and then whatever is ready.
  void run_until(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (headers_.size() + losses_.size() < count && std::chrono::steady_clock::now() < deadline) {
      loop_.run_one_for(std::chrono::milliseconds(100));
    }
    loop_.poll();
  }

  boost::asio::io_context loop_{1};
  std::unique_ptr<TestOverlay> overlay_;
  std::unique_ptr<watch::Group> group_;
  std::chrono::microseconds handling_{0};  // what each file takes
  std::vector<std::string> headers_;
  std::vector<int> pids_;
  std::vector<model::Loss> losses_;
};

TEST_P(RealGroup, HandsEachFileOnAndPinsNothingAfterwards) {
  for (int i = 0; i < 3; ++i) {
    Child writer([&](Line&) { write_file(merged() + "/tmp/dropped" + std::to_string(i), make_elf()); });
    const int pid = writer.pid();
    ASSERT_TRUE(writer.wait());
    run_until(static_cast<std::size_t>(i) + 1);
    ASSERT_THAT(pids_, SizeIs(i + 1));
    EXPECT_EQ(pids_.back(), pid);
  }
  EXPECT_THAT(headers_, Each(elf_magic));
  EXPECT_THAT(losses_, IsEmpty());
  const auto unmounted = overlay_->unmount();
  EXPECT_TRUE(unmounted) << unmounted.error().text();
}

TEST_P(RealGroup, TellsOfALease) {
  const LeaseHolder holder(merged() + "/tmp/leased");
  run_until(1);
  EXPECT_THAT(headers_, IsEmpty());
  EXPECT_THAT(losses_, ElementsAre(model::Loss::lease));
  write_file(merged() + "/tmp/other", make_elf());
  run_until(2);
  EXPECT_THAT(headers_, SizeIs(1)) << "the group goes on";
}

// Without error records the read ends before the leased file as if the queue were empty: what follows must
// come all the same, and the loss be told.
TEST_P(RealGroup, TellsOfALeaseBehindAnotherFile) {
  write_file(merged() + "/tmp/before", make_elf());
  const LeaseHolder holder(merged() + "/tmp/leased");
  write_file(merged() + "/tmp/after", make_elf());
  run_until(3);
  EXPECT_THAT(headers_, SizeIs(2));
  EXPECT_THAT(losses_, ElementsAre(GetParam() ? model::Loss::lease : model::Loss::open_failed));
}

TEST_P(RealGroup, TellsOfEachFileThatNoDescriptorWasLeftFor) {
  constexpr std::size_t count = 50;
  write_files(merged(), count);
  {
    const DescriptorLimit none(0);
    run_until(count);
  }
  EXPECT_THAT(headers_, IsEmpty());
  EXPECT_THAT(losses_, SizeIs(count));
  EXPECT_THAT(losses_, Each(model::Loss::descriptor_limit));
  write_files(merged(), 1);
  run_until(count + 1);
  EXPECT_THAT(headers_, SizeIs(1)) << "the group goes on";
}

TEST_P(RealGroup, BalancesWhereDescriptorsAreScarce) {
  constexpr std::size_t count = 50;
  write_files(merged(), count);
  {
    const DescriptorLimit few(7);
    run_until(count);
  }
  EXPECT_EQ(headers_.size() + losses_.size(), count);
  EXPECT_GE(headers_.size(), 7U);
  EXPECT_GE(losses_.size(), 1U);
}

TEST_P(RealGroup, TellsOfAnOverflowAfterAllThatWasQueued) {
  const auto limit = read_queue_limit();
  if (limit > max_affordable_queue) GTEST_SKIP() << "SKIP kernel: fs.fanotify.max_queued_events is " << limit;
  write_files(merged(), limit + 1000);
  run_until(limit + 1);
  EXPECT_EQ(headers_.size(), limit);
  EXPECT_THAT(losses_, ElementsAre(model::Loss::queue_overflow));
}

// Else whoever looks whether the loop turns finds it stuck.
TEST_P(RealGroup, LeavesTheLoopItsTurnWhereFilesTakeLong) {
  constexpr std::size_t count = 1000;
  handling_ = std::chrono::microseconds(200);
  write_files(merged(), count);
  ASSERT_EQ(loop_.run_one_for(std::chrono::seconds(10)), 1U);
  EXPECT_GT(headers_.size(), 0U);
  EXPECT_LT(headers_.size(), count);
  EXPECT_TRUE(group_->is_behind());
  run_until(count);
  EXPECT_EQ(headers_.size(), count);
  EXPECT_FALSE(group_->is_behind());
}

TEST_P(RealGroup, IsBehindWhereMoreWaitsThanItReadsAtOnce) {
  write_files(merged(), 100);
  EXPECT_FALSE(group_->is_behind());
  write_files(merged(), 400);
  EXPECT_TRUE(group_->is_behind());
}

TEST_P(RealGroup, HandsOnTheQueueWhenItStopsAndLeavesNothingPinned) {
  write_files(merged(), 1000);
  group_->stop();
  EXPECT_THAT(headers_, SizeIs(1000));
  EXPECT_THAT(losses_, IsEmpty());
  const auto unmounted = overlay_->unmount();
  EXPECT_TRUE(unmounted) << unmounted.error().text();
}

TEST_P(RealGroup, NamesItsMarks) {
  EXPECT_THAT(watch::read_marks(group_->descriptor()).value().file_systems, SizeIs(1));
}

INSTANTIATE_TEST_SUITE_P(Reading, RealGroup, testing::Bool(), [](const auto& with) {
  return with.param ? "WithErrorRecords" : "WithoutErrorRecords";
});

}  // namespace
}  // namespace dropwarden::test
