// SPDX-License-Identifier: Apache-2.0
// A descriptor of an event pins the mount of its container: held too long, it makes the runtime's unmount
// fail (EBUSY, umount(2)), and with it the removal of the container.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "runtime_test.hpp"
#include "support/daemon.hpp"
#include "support/mounts.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

constexpr unsigned workers = 4;
constexpr const char* write_until_killed =
    "while :; do cp /bin/busybox /tmp/x; echo '#!/bin/sh' > /tmp/y; usleep 1000; done";

// Containers come and go, and each writes executables from its first instruction to its last.
class Rounds {
 public:
  Rounds(Runtime& runtime, Daemon& daemon) : runtime_(runtime), daemon_(daemon) {}

  // How many containers were removed without a failure.
  unsigned run(unsigned rounds) {
    {
      std::vector<std::jthread> threads;
      for (unsigned i = 0; i < workers; ++i) threads.emplace_back([this, rounds] { work(rounds); });
    }
    return removed_;
  }

 private:
  void work(unsigned rounds) {
    for (unsigned number = ++started_; number <= rounds; number = ++started_) {
      try {
        run_round(number);
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    }
  }

  void run_round(unsigned number) {
    const auto container = runtime_.start("round" + std::to_string(number), {"sh", "-c", write_until_killed});
    EXPECT_TRUE(wait_for([&] { return has_finding(container.id); }, 20s))
        << "nothing seen in " << container.name;
    runtime_.remove(container);
    ++removed_;
  }

  bool has_finding(const std::string& id) {
    const std::lock_guard lock(daemon_mutex_);
    const auto& records = daemon_.records();
    return std::any_of(records.rbegin(), records.rend(),
                       [&](const Record& record) { return container_of(record) == id; });
  }

  Runtime& runtime_;
  Daemon& daemon_;
  std::mutex daemon_mutex_;
  std::atomic<unsigned> started_ = 0;
  std::atomic<unsigned> removed_ = 0;
};

using Removal = RuntimeTest;

TEST_F(Removal, NeverFailsWhileTheContainerWritesUntilItsEnd) {
  const auto mounts_before = mount_points_below(directory(), "overlay");
  Daemon daemon(make_directory(), {runtime().socket()});
  EXPECT_EQ(Rounds(runtime(), daemon).run(under_test().removal_rounds), under_test().removal_rounds);
  EXPECT_EQ(mount_points_below(directory(), "overlay"), mounts_before);
  EXPECT_TRUE(daemon.stop().is_success());
  EXPECT_EQ(daemon.ledger()["balanced"], 1U) << daemon.log();
}

}  // namespace
}  // namespace dropwarden::test
