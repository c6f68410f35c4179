// SPDX-License-Identifier: Apache-2.0
// The ground the other tests stand on: without it, "no finding" could mean "no container".
#include <gtest/gtest.h>

#include "runtime_test.hpp"

namespace dropwarden::test {
namespace {

using Bench = RuntimeTest;

TEST_F(Bench, RunsACommandInAContainerAndTellsHowItEnded) {
  const auto container = runtime().start("bench", {"sleep", "1000"});
  const auto copy = runtime().execute(container, {"cp", "/bin/busybox", "/tmp/x"});
  EXPECT_TRUE(copy.status.is_success()) << copy.error;
  const auto text = runtime().execute(container, {"sh", "-c", "cmp /bin/busybox /tmp/x && echo same"});
  EXPECT_EQ(text.output, "same\n") << text.error;
  EXPECT_EQ(runtime().execute(container, {"false"}).status.value, 1);
  runtime().remove(container);
  EXPECT_FALSE(runtime().execute(container, {"true"}).status.is_success());
}

}  // namespace
}  // namespace dropwarden::test
