// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/process_source.hpp"

#include <cerrno>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_proc.hpp"

namespace dropwarden::container {
namespace {

using namespace std::chrono_literals;

const std::string id = "1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef";
const std::string other_id = "fedcba0987654321fedcba0987654321fedcba0987654321fedcba0987654321";

// Remembers what it is told.
class RecordingObserver final : public Observer {
 public:
  void on_list(const std::string& source, std::vector<model::Container> containers) override {
    EXPECT_EQ(source, ProcessSource::name);
    lists.push_back(std::move(containers));
  }
  void on_container(const std::string& source, model::Container container) override {
    EXPECT_EQ(source, ProcessSource::name);
    found.push_back(std::move(container));
  }
  void on_gone(const std::string& source, const model::ContainerId& container) override {
    EXPECT_EQ(source, ProcessSource::name);
    gone.push_back(container.value);
  }
  void on_state(const SourceState& state) override { states.push_back(state); }

  std::vector<std::vector<model::Container>> lists;
  std::vector<model::Container> found;
  std::vector<std::string> gone;
  std::vector<SourceState> states;
};

class ProcessSourceTest : public testing::Test {
 protected:
  // Two, so that a scan takes two turns.
  ProcessSourceTest() {
    proc_.add(1, {});
    proc_.add(2, {});
  }

  // Runs the loop until `holds`, at most five seconds.
  void run_until(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (!holds() && std::chrono::steady_clock::now() < deadline) {
      loop_.restart();
      loop_.run_one_for(100ms);
    }
    EXPECT_TRUE(holds()) << "not within five seconds";
  }

  FakeProc proc_;
  boost::asio::io_context loop_{1};
  RecordingObserver observer_;
  ProcessSourceOptions options_{
      .limits = {}, .processes_per_turn = 1, .rescan_after = {1ms, 3ms}, .hunt_every = 1ms};
};

TEST_F(ProcessSourceTest, ListsWhatRunsAtTheStart) {
  proc_.add(700, {.cgroup = "/kubepods/pod12/" + id, .namespace_pids = "700\t1"});
  ProcessSource source(loop_, proc_.reader(), observer_, options_);
  source.start();
  EXPECT_TRUE(observer_.lists.empty()) << "start returns at once";
  run_until([&] { return !observer_.lists.empty(); });

  ASSERT_EQ(observer_.lists[0].size(), 1U);
  const auto& container = observer_.lists[0][0];
  EXPECT_EQ(container.id.value, id);
  EXPECT_EQ(container.init.value, 700);
  EXPECT_EQ(container.state, model::ContainerState::running);
  EXPECT_EQ(container.metadata, model::Metadata::none);
  ASSERT_TRUE(container.pod);
  EXPECT_EQ(container.pod->uid, "12");
  ASSERT_EQ(observer_.states.size(), 1U);
  EXPECT_TRUE(observer_.states[0].is_connected);
  EXPECT_EQ(observer_.states[0].problem, "");
}

TEST_F(ProcessSourceTest, LooksAFewTimesMoreAfterARescanAndThenRests) {
  ProcessSource source(loop_, proc_.reader(), observer_, options_);
  for (int call = 0; call < 100; ++call) source.rescan();
  run_until([&] { return observer_.lists.size() == 1; });
  EXPECT_TRUE(observer_.lists[0].empty());
  proc_.add(700, {.cgroup = "/docker/" + id, .namespace_pids = "700\t1"});
  run_until([&] { return observer_.lists.size() == 2; });
  EXPECT_EQ(observer_.lists[1].size(), 1U);
  loop_.restart();
  loop_.run();  // returns, since nothing is left to wait for
  EXPECT_EQ(observer_.lists.size(), 2U);
}

TEST_F(ProcessSourceTest, IsNotPutOffByAStormOfRescans) {
  options_.rescan_after = {20ms};
  ProcessSource source(loop_, proc_.reader(), observer_, options_);
  run_until([&] {
    source.rescan();
    return observer_.lists.size() == 2;
  });
}

TEST_F(ProcessSourceTest, HuntsForAFirstProcessAsLongAsItIsWanted) {
  ProcessSource source(loop_, proc_.reader(), observer_, options_);
  int looks = 0;
  source.hunt([&] {
    if (++looks == 3) proc_.add(700, {.cgroup = "/docker/" + id, .namespace_pids = "700\t1"});
    return observer_.found.empty();
  });
  source.hunt([] { return true; });
  loop_.restart();
  loop_.run();  // returns, since it has been found
  ASSERT_EQ(observer_.found.size(), 1U);
  EXPECT_EQ(observer_.found[0].id.value, id);
  EXPECT_EQ(observer_.found[0].init.value, 700);
  EXPECT_TRUE(observer_.lists.empty());
}

// Nobody asks for a scan where all mount points carry the IDs of their containers.
TEST_F(ProcessSourceTest, TellsWhileItHuntsThatTheFirstProcessOfAContainerHasEnded) {
  proc_.add(600, {.cgroup = "/docker/" + other_id});  // shares its pid namespace
  proc_.add(601, {.cgroup = "/docker/" + id, .namespace_pids = "601\t1"});
  ProcessSource source(loop_, proc_.reader(), observer_, options_);
  source.start();
  run_until([&] { return !observer_.lists.empty(); });
  EXPECT_EQ(observer_.lists[0].size(), 2U);
  source.hunt([&] { return observer_.gone.empty(); });
  loop_.run_one();
  proc_.remove(600);
  proc_.remove(601);
  run_until([&] { return !observer_.gone.empty(); });
  EXPECT_THAT(observer_.gone, testing::ElementsAre(id)) << "of the other only its processes can tell";
}

TEST_F(ProcessSourceTest, ListsWhatAHuntHasFoundSinceTheScanBegan) {
  for (int pid = 3; pid < 200; ++pid) proc_.add(pid, {});
  auto reader = proc_.reader();
  reader.read = [read = reader.read](model::Pid pid, privilege::ProcessFile file) {
    std::this_thread::sleep_for(1ms);  // so that the scan takes longer than two looks of the hunt
    return read(pid, file);
  };
  ProcessSource source(loop_, std::move(reader), observer_, options_);
  source.start();
  int looks = 0;
  source.hunt([&] {
    if (++looks == 2) proc_.add(700, {.cgroup = "/docker/" + id, .namespace_pids = "700\t1"});
    return observer_.found.empty();
  });
  run_until([&] { return !observer_.found.empty(); });
  ASSERT_TRUE(observer_.lists.empty());
  run_until([&] { return !observer_.lists.empty(); });
  ASSERT_EQ(observer_.lists[0].size(), 1U);
  EXPECT_EQ(observer_.lists[0][0].init.value, 700);
}

TEST_F(ProcessSourceTest, SaysNothingAfterItWasStopped) {
  ProcessSource source(loop_, proc_.reader(), observer_, options_);
  source.start();
  source.rescan();
  loop_.run_one();  // the first of several turns
  source.stop();
  source.rescan();
  loop_.run();
  EXPECT_TRUE(observer_.lists.empty());
  EXPECT_TRUE(observer_.states.empty());
}

TEST_F(ProcessSourceTest, MayGoWhileTheLoopStillHoldsItsTurns) {
  {
    ProcessSource source(loop_, proc_.reader(), observer_, options_);
    source.start();
    source.rescan();
    loop_.run_one();
  }
  loop_.run();
  EXPECT_TRUE(observer_.lists.empty());
}

TEST_F(ProcessSourceTest, TakesAFailureToListForNoList) {
  auto reader = proc_.reader();
  reader.list = []() -> sys::Result<std::vector<model::Pid>> {
    return std::unexpected(sys::Error{"readdir", "/proc", EACCES});
  };
  ProcessSource source(loop_, std::move(reader), observer_, options_);
  source.start();
  run_until([&] { return !observer_.states.empty(); });
  EXPECT_FALSE(observer_.states[0].is_connected);
  EXPECT_THAT(observer_.states[0].problem, testing::HasSubstr("Permission denied"));
  EXPECT_TRUE(observer_.lists.empty());
}

}  // namespace
}  // namespace dropwarden::container
