// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/standard_descriptors.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/child.hpp"

namespace dropwarden::sys {
namespace {

constexpr int standard[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};

TEST(StandardDescriptors, ThatAreClosedTakeNothing) {
  EXPECT_TRUE(test::run_in_child([] {
    for (const int number : standard) ::close(number);
    test::require(fill_standard_descriptors().has_value(), "they can be opened");
    char byte = 'x';
    test::require(::read(STDIN_FILENO, &byte, 1) == 0, "input has ended");
    for (const int number : {STDOUT_FILENO, STDERR_FILENO})
      test::require(::write(number, &byte, 1) < 0 && errno == EBADF, "writing fails");
    const int next = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    test::require(next > STDERR_FILENO, "what is opened next is none of them");
  }));
}

TEST(StandardDescriptors, ThatAreOpenStayAsTheyAre) {
  for (const int closed : standard) {
    EXPECT_TRUE(test::run_in_child([closed] {
      const int other = ::open("/dev/zero", O_RDWR | O_CLOEXEC);
      struct stat zero{};
      test::require(::fstat(other, &zero) == 0, "it is a file");
      for (const int number : standard) ::dup2(other, number);
      ::close(closed);
      test::require(fill_standard_descriptors().has_value(), "it can be opened");
      for (const int number : standard) {
        struct stat status{};
        test::require(::fstat(number, &status) == 0, "it is open");
        test::require((status.st_rdev == zero.st_rdev) == (number != closed),
                      "only the closed one is another");
      }
    })) << closed;
  }
}

}  // namespace
}  // namespace dropwarden::sys
