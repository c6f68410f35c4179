// SPDX-License-Identifier: Apache-2.0
// Containers that start all at once, each of which drops an executable as the first thing it does.
#include <map>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime_test.hpp"
#include "support/daemon.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::Contains;
using testing::SizeIs;

// One thread a container.
class Crowd {
 public:
  Crowd(Runtime& runtime, unsigned size) : runtime_(runtime) {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < size; ++i) threads.emplace_back([this, i] { start(i); });
  }
  ~Crowd() {
    std::vector<std::jthread> threads;
    for (const auto& container : containers_) threads.emplace_back([&] { remove(container); });
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  const std::vector<TestContainer>& containers() const { return containers_; }

 private:
  void start(unsigned number) {
    const std::string name = "crowd" + std::to_string(number);
    // Another file in each, so that one container's finding cannot pass for another's.
    const std::string drop = "cp /bin/busybox /tmp/" + name + "; exec sleep 100000";
    try {
      auto container = runtime_.start(name, {"sh", "-c", drop});
      const std::lock_guard lock(mutex_);
      containers_.push_back(std::move(container));
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }

  void remove(const TestContainer& container) {
    try {
      runtime_.remove(container);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }

  Runtime& runtime_;
  std::mutex mutex_;
  std::vector<TestContainer> containers_;
};

using Burst = RuntimeTest;

TEST_F(Burst, LosesNoneOfTheFirstDropsAndTakesNoneForAnothers) {
  Daemon daemon(make_directory(), {runtime().socket()});
  const Crowd crowd(runtime(), under_test().crowd);
  ASSERT_THAT(crowd.containers(), SizeIs(under_test().crowd));
  for (const auto& container : crowd.containers()) {
    const auto record = daemon.wait_for_record(final_of(container.id, "/tmp/" + container.name), 30s);
    ASSERT_TRUE(record) << container.name << "\n" << daemon.log();
    EXPECT_EQ(text_at(*record, "/event/container/name"), container.name);
    EXPECT_EQ(text_at(*record, "/event/container/image/name"), container.image_name);
    EXPECT_THAT(daemon.finding_ids(container.id), SizeIs(1));
  }
  EXPECT_TRUE(daemon.stop().is_success());
  auto ledger = daemon.ledger();
  // Volumes and tmpfs of a container are known once a runtime has told its first process: docker and podman
  // tell that after the container's first instruction, which is said. Where all cores are taken, so is that
  // one had to wait for seconds until its mounts were read, or that the marker took too long for an answer.
  EXPECT_EQ(ledger["lost"], ledger["lost_marked_late"] + ledger["lost_stalled"] + ledger["lost_open_failed"])
      << daemon.log();
  EXPECT_EQ(ledger["balanced"], 1U);
}

}  // namespace
}  // namespace dropwarden::test
