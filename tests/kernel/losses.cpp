// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/sys/fanotify_abi.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "kernel_test.hpp"
#include "make_losses.hpp"
#include "support/child.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"
#include "support/queue_limit.hpp"

// How the kernel tells that something is missing.
namespace dropwarden::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class LossRecord : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    overlay_ = std::make_unique<TestOverlay>(make_scratch_directory());
  }

  std::unique_ptr<TestOverlay> overlay_;
};

TEST_F(LossRecord, TellsOnceThatTheQueueOverflowed) {
  const auto limit = read_queue_limit();
  if (limit > max_affordable_queue) GTEST_SKIP() << "SKIP kernel: fs.fanotify.max_queued_events is " << limit;
  TestGroup group(*privilege_, features_);
  group.mark(overlay_->merged());
  write_files(overlay_->merged(), limit + 100);
  std::size_t files = 0;
  std::size_t overflows = 0;
  // Read one by one: all at once would take more descriptors than there are.
  for (const auto type : read_and_close_all(group.descriptor())) {
    (type == watch::RawEvent::Type::file ? files : overflows) += 1;
  }
  EXPECT_EQ(files, limit);
  EXPECT_EQ(overflows, 1U);
  write_files(overlay_->merged(), 1);
  EXPECT_THAT(group.read_queued(), SizeIs(1)) << "the group goes on";
}

TEST_F(LossRecord, TellsOfAFileThatALeaseKeptFromUs) {
  if (!features_.has_fd_error) GTEST_SKIP() << "SKIP kernel: needs FAN_REPORT_FD_ERROR, Linux 6.13";
  TestGroup group(*privilege_, features_);
  group.mark(overlay_->merged());
  LeaseHolder holder(overlay_->merged() + "/tmp/leased");
  const auto events = group.read_queued();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].record.type, watch::RawEvent::Type::open_error);
  EXPECT_EQ(events[0].record.error, EAGAIN);
  EXPECT_EQ(events[0].record.pid.value, holder.pid());
}

// The reason for what watch::Group does without FAN_REPORT_FD_ERROR.
TEST_F(LossRecord, IsAnEmptyQueueWhereALeaseMeetsNoErrorRecords) {
  TestGroup group(*privilege_, watch::group_flags({}), watch::group_event_flags());
  group.mark(overlay_->merged());
  const LeaseHolder holder(overlay_->merged() + "/tmp/leased");
  EXPECT_THAT(group.read_queued(), IsEmpty());
}

TEST_F(LossRecord, TellsOfEachFileThatNoDescriptorWasLeftFor) {
  if (!features_.has_fd_error) GTEST_SKIP() << "SKIP kernel: needs FAN_REPORT_FD_ERROR, Linux 6.13";
  TestGroup group(*privilege_, features_);
  group.mark(overlay_->merged());
  write_files(overlay_->merged(), 10);
  std::vector<Event> events;
  {
    const DescriptorLimit limit(4);
    events = group.read_queued();
  }
  ASSERT_THAT(events, SizeIs(10));
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].record.error, i < 4 ? 0 : EMFILE);
    EXPECT_EQ(events[i].record.pid.value, ::getpid());
  }
}

}  // namespace
}  // namespace dropwarden::test
