// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/clock.hpp"

#include <fcntl.h>
#include <thread>

#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "scratch_directory.hpp"

namespace dropwarden::sys {
namespace {

// proc(5), /proc/stat: whole seconds.
TEST(BootTime, IsTheOneThatTheKernelPrints) {
  const auto text = read_file("/proc/stat", 1U << 20U);
  ASSERT_TRUE(text.has_value());
  const auto at = text->find("\nbtime ");
  ASSERT_NE(at, std::string::npos);
  std::string_view rest = std::string_view(*text).substr(at + 7);
  const auto printed = util::parse_number<std::int64_t>(util::take_until(rest, '\n'));
  ASSERT_TRUE(printed.has_value());
  const auto read = std::chrono::floor<std::chrono::seconds>(read_boot_time()).time_since_epoch().count();
  EXPECT_LE(std::abs(read - *printed), 1);
}

TEST(FileTime, IsNeverAfterThatOfAFileThatIsWrittenLater) {
  const ScratchDirectory scratch;
  for (int i = 0; i < 100; ++i) {
    const auto before = read_file_time();
    scratch.write("file", "x");
    const Fd file = value_or_throw(open_path(scratch / "file", O_RDONLY));
    EXPECT_GE(value_or_throw(read_status(file.number())).changed, before);
  }
}

TEST(ThreadTime, GoesOnWithWorkAndNotWithSleep) {
  const auto before = read_thread_time();
  for (int i = 0; i < 1000; ++i) read_file_time();
  const auto after = read_thread_time();
  EXPECT_GT(after, before);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LT(read_thread_time() - after, std::chrono::milliseconds(40));
}

TEST(ClockTick, IsAHundredthOfASecond) {
  EXPECT_EQ(clock_tick(), std::chrono::milliseconds{10});
}

}  // namespace
}  // namespace dropwarden::sys
