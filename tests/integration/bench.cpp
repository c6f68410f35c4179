// SPDX-License-Identifier: Apache-2.0
// The ground the other tests stand on: without it, "no finding" could mean "no container".
#include <filesystem>
#include <utility>

#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

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

// Lines of /proc/PID/cgroup (cgroups(7)) of a process in the container, that name it: of version 1, and of 2.
std::pair<int, int> count_cgroups(const std::string& id) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto text = sys::read_file((entry.path() / "cgroup").string(), 1U << 16U);
    if (!text || text->find(id) == std::string::npos) continue;
    std::pair<int, int> count;
    for (const auto line : util::split(*text, '\n')) {
      if (line.find(id) != std::string_view::npos) ++(line.starts_with("0::") ? count.second : count.first);
    }
    return count;
  }
  return {};
}

TEST_F(Bench, HasItsContainersInCgroupsOfTheLayoutThatItIsAbout) {
  const ScopedContainer container(runtime(), {"sleep", "1000"});
  const auto [v1, v2] = count_cgroups(container->id);
  EXPECT_GT(v1 + v2, 0);
  if (under_test().layout == CgroupLayout::v1) {
    EXPECT_EQ(v2, 0);
  }
  if (under_test().layout == CgroupLayout::v2) {
    EXPECT_EQ(v1, 0);
  }
}

}  // namespace
}  // namespace dropwarden::test
