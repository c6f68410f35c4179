// SPDX-License-Identifier: Apache-2.0
#include "daemon/watchdog.hpp"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

namespace dropwarden::daemon {
namespace {

using namespace std::chrono_literals;

constexpr auto look = 50ms;
constexpr unsigned limit = 4;
constexpr int stuck = 75;

// Ends the process with 0, or is ended by the watchdog.
void run_with(int handlers, std::chrono::milliseconds each) {
  boost::asio::io_context loop{1};
  Watchdog watchdog(loop, limit, stuck, look);
  for (int i = 0; i < handlers; ++i) boost::asio::post(loop, [each] { std::this_thread::sleep_for(each); });
  watchdog.run_loop();
  std::_Exit(0);
}

// Each of these tests does, which under an emulator of a processor nobody can.
bool can_be_executed_again() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(STDOUT_FILENO);
    ::execl("/proc/self/exe", "again", "--gtest_list_tests", nullptr);
    ::_exit(127);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) != 127;
}

class WatchdogDeathTest : public testing::Test {
 protected:
  void SetUp() override {
    static const bool is_possible = can_be_executed_again();
    if (!is_possible) GTEST_SKIP() << "SKIP kernel: execve(2) does not know this program";
    GTEST_FLAG_SET(death_test_style, "threadsafe");
  }
};

// As in a burst: what it gives the loop itself comes after all of them.
TEST_F(WatchdogDeathTest, LetsALoopTurnThatHasMuchToDo) {
  EXPECT_EXIT(run_with(100, 10ms), testing::ExitedWithCode(0), "");
}

TEST_F(WatchdogDeathTest, EndsTheProcessWhoseLoopIsStuckInOneHandler) {
  EXPECT_EXIT(run_with(1, 60s), testing::ExitedWithCode(stuck), "the event loop is stuck");
}

TEST_F(WatchdogDeathTest, EndsTheProcessWhoseLoopTurnsInACircle) {
  const auto circle = [] {
    boost::asio::io_context loop{1};
    Watchdog watchdog(loop, limit, stuck, look);
    std::atomic<unsigned> turns = 0;
    while (true) ++turns;
  };
  EXPECT_EXIT(circle(), testing::ExitedWithCode(stuck), "the event loop is stuck");
}

TEST(Watchdog, TellsWhoGetsNoProcessorFromWhoIsStuck) {
  EXPECT_TRUE(Watchdog::is_starved('R', 0ms, 1s));
  EXPECT_TRUE(Watchdog::is_starved('R', 20ms, 1s));
  EXPECT_FALSE(Watchdog::is_starved('R', 900ms, 1s)) << "in a circle";
  EXPECT_FALSE(Watchdog::is_starved('S', 0ms, 1s));
  EXPECT_FALSE(Watchdog::is_starved('D', 0ms, 1s));
}

TEST_F(WatchdogDeathTest, LetsALoopWaitThatHasNothingToDo) {
  const auto idle = [] {
    boost::asio::io_context loop{1};
    const auto work = boost::asio::make_work_guard(loop);
    Watchdog watchdog(loop, limit, stuck, look);
    boost::asio::post(loop, [] {});
    std::thread end([&loop] {
      std::this_thread::sleep_for(limit * look * 2);
      loop.stop();
    });
    watchdog.run_loop();
    end.join();
    std::_Exit(0);
  };
  EXPECT_EXIT(idle(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace dropwarden::daemon
