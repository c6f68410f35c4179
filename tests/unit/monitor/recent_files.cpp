// SPDX-License-Identifier: Apache-2.0
#include "monitor/recent_files.hpp"

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

const RecentFiles::Clock::time_point start{};

FileNumbers file(std::uint64_t inode) {
  return {.device = {0, 69}, .inode = inode, .size = 10, .changed = util::WallTime{5s}};
}

TEST(RecentFiles, AreKnownForAPauseThatDoublesWithEachLook) {
  RecentFiles recent;
  EXPECT_FALSE(recent.contains(file(1), start));
  recent.add(file(1), start);
  EXPECT_TRUE(recent.contains(file(1), start + 9s));
  EXPECT_FALSE(recent.contains(file(1), start + 10s));
  recent.add(file(1), start + 10s);
  EXPECT_TRUE(recent.contains(file(1), start + 29s));
  EXPECT_FALSE(recent.contains(file(1), start + 30s));
  auto now = start;
  for (int i = 0; i < 30; ++i) recent.add(file(1), now += 1h);
  EXPECT_TRUE(recent.contains(file(1), now + 9min));
  EXPECT_FALSE(recent.contains(file(1), now + 10min));
}

TEST(RecentFiles, AreOthersOnceANumberOfThemHasChanged) {
  RecentFiles recent;
  recent.add(file(1), start);
  auto other = file(1);
  other.changed += 1ns;
  EXPECT_FALSE(recent.contains(other, start));
  other = file(1);
  ++other.size;
  EXPECT_FALSE(recent.contains(other, start));
  other = file(1);
  ++other.device.minor;
  EXPECT_FALSE(recent.contains(other, start));
  EXPECT_FALSE(recent.contains(file(2), start));
}

TEST(RecentFiles, AreSettledUntilANumberOfThemHasChanged) {
  RecentFiles recent;
  recent.settle(file(1));
  EXPECT_FALSE(recent.is_settled(file(1))) << "nobody has looked at it";
  recent.add(file(1), start);
  EXPECT_FALSE(recent.is_settled(file(1)));
  recent.settle(file(1));
  recent.add(file(1), start + 1h);
  EXPECT_TRUE(recent.is_settled(file(1)));
  auto other = file(1);
  other.changed += 1ns;
  recent.add(other, start);
  EXPECT_FALSE(recent.is_settled(other));
}

TEST(RecentFiles, AreForgottenInTheirOrderWhenThereAreTooMany) {
  RecentFiles recent;
  for (std::uint64_t inode = 0; inode <= RecentFiles::capacity; ++inode) recent.add(file(inode), start);
  EXPECT_FALSE(recent.contains(file(0), start));
  EXPECT_TRUE(recent.contains(file(1), start));
  EXPECT_TRUE(recent.contains(file(RecentFiles::capacity), start));
}

}  // namespace
}  // namespace dropwarden::monitor
