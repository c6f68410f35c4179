// SPDX-License-Identifier: Apache-2.0
// What the canary rests on: an overlay in no mount table can be marked, tells of its writes like any other,
// and is gone with the descriptor that holds it.
#include <fcntl.h>

#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

#include "kernel_test.hpp"
#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

class Canary : public KernelTest {
 protected:
  std::size_t marks_of(const TestGroup& group) {
    const auto text = read_file("/proc/self/fdinfo/" + std::to_string(group.descriptor()));
    std::size_t count = 0;
    for (auto at = text.find("sdev:"); at != std::string::npos; at = text.find("sdev:", at + 1)) ++count;
    return count;
  }
};

TEST_F(Canary, WritesAnExecutableThatComesBackOnItsOwnDevice) {
  TestGroup group(*privilege_, features_);
  const auto canary = privilege_->open_canary(group.descriptor(), watch::close_write_mask());
  ASSERT_TRUE(canary) << canary.error().text();
  ASSERT_TRUE(privilege_->write_canary(1));
  const auto events = group.read_queued();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(read_header(events[0].file), elf_magic);
  const auto status = sys::read_status(events[0].file.number());
  ASSERT_TRUE(status);
  EXPECT_EQ(status->device_major, canary->device_major);
  EXPECT_EQ(status->device_minor, canary->device_minor);
}

TEST_F(Canary, StandsInNoMountTable) {
  TestGroup group(*privilege_, features_);
  const auto before = read_file("/proc/self/mountinfo");
  ASSERT_TRUE(privilege_->open_canary(group.descriptor(), watch::close_write_mask()));
  EXPECT_EQ(read_file("/proc/self/mountinfo"), before);
}

TEST_F(Canary, TakesItsMarkAlongWhenANewOneReplacesIt) {
  TestGroup group(*privilege_, features_);
  ASSERT_TRUE(privilege_->open_canary(group.descriptor(), watch::close_write_mask()));
  ASSERT_EQ(marks_of(group), 1U);
  ASSERT_TRUE(privilege_->open_canary(group.descriptor(), watch::close_write_mask()));
  EXPECT_TRUE(wait_for([&] { return marks_of(group) == 1U; }, 5s)) << marks_of(group);
}

TEST_F(Canary, CannotBeWrittenBeforeItIsMade) {
  const auto written = privilege_->write_canary(1);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().number, ENOENT);
}

}  // namespace
}  // namespace dropwarden::test
