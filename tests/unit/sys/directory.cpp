// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <gmock/gmock.h>

#include "dropwarden/sys/file.hpp"

#include "scratch_directory.hpp"

namespace dropwarden::sys {
namespace {

using testing::SizeIs;
using testing::UnorderedElementsAre;

TEST(ListDirectory, GivesAllNamesButTheDotsAndDoesSoAgain) {
  const ScratchDirectory scratch;
  for (const char* name : {"a", ".b", "c d"}) scratch.write(name, "x");
  const Fd directory = value_or_throw(open_path(scratch / ".", O_RDONLY | O_DIRECTORY));
  for (int round = 0; round < 2; ++round)
    EXPECT_THAT(value_or_throw(list_directory(directory.number(), 10)),
                UnorderedElementsAre("a", ".b", "c d"));
  EXPECT_THAT(value_or_throw(list_directory(directory.number(), 2)), SizeIs(2));
}

TEST(ListDirectory, FailsOnWhatIsNone) {
  const Fd file = value_or_throw(open_path("/proc/self/status", O_RDONLY));
  EXPECT_EQ(list_directory(file.number(), 10).error().number, ENOTDIR);
}

TEST(ReadMode, TellsTypeAndPermissions) {
  const Fd file = value_or_throw(open_path("/proc/self/status", O_RDONLY));
  EXPECT_EQ(value_or_throw(read_mode(file.number())), S_IFREG | 0444U);
  EXPECT_EQ(read_mode(-1).error().number, EBADF);
}

}  // namespace
}  // namespace dropwarden::sys
