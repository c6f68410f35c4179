// SPDX-License-Identifier: Apache-2.0
#include "monitor/worker.hpp"

#include <array>
#include <atomic>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

#include <gtest/gtest.h>

#include "dropwarden/sys/fd.hpp"

#include "support/wait.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// A call that does not return until it is told to: a read of an empty pipe.
class StuckCall {
 public:
  StuckCall() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  }
  ~StuckCall() {
    ::close(ends_[0]);
    if (ends_[1] >= 0) ::close(ends_[1]);
  }
  void make() const {
    char byte = 0;
    static_cast<void>(!::read(ends_[0], &byte, 1));
  }
  void let_return() { ::close(std::exchange(ends_[1], -1)); }

 private:
  std::array<int, 2> ends_{};
};

TEST(Worker, HandsItsQueueToAnotherThreadWhenOneIsStuck) {
  StuckCall call;
  std::atomic<int> done = 0;
  Worker<int> worker(8, [&](int job, Turn&) {
    if (job == 0) call.make();
    ++done;
  });
  worker.submit(0);
  worker.submit(1);
  ASSERT_TRUE(test::wait_for([&] { return worker.waiting() == 1; }, 10s));
  EXPECT_TRUE(test::wait_for([&] { return worker.check(3); }, 10s));
  EXPECT_TRUE(test::wait_for([&] { return done == 1; }, 10s));
  EXPECT_EQ(worker.liveness().stuck, 1U);
  EXPECT_EQ(worker.liveness().replaced, 1U);
  EXPECT_TRUE(worker.liveness().last_stall.starts_with("state S")) << worker.liveness().last_stall;
  call.let_return();
  EXPECT_TRUE(test::wait_for([&] { return !worker.check(3) && worker.liveness().stuck == 0; }, 10s));
  EXPECT_TRUE(worker.finish());
}

TEST(Worker, LeavesNoMoreThanEightThreadsBehindAndSaysThatItIsBlind) {
  StuckCall call;
  Worker<int> worker(64, [&](int, Turn&) { call.make(); });
  for (int job = 0; job < 20; ++job) worker.submit(job);
  EXPECT_TRUE(test::wait_for(
      [&] {
        worker.check(2);
        return worker.liveness().is_blind;
      },
      20s));
  EXPECT_EQ(worker.liveness().replaced, 8U);
  for (int look = 0; look < 10; ++look) EXPECT_FALSE(worker.check(2));
  EXPECT_EQ(worker.liveness().stuck, 9U);
  call.let_return();
}

TEST(Worker, EndsThoughAThreadIsStuck) {
  StuckCall call;
  Worker<int> worker(8, [&](int, Turn&) { call.make(); });
  worker.submit(0);
  ASSERT_TRUE(test::wait_for([&] { return worker.waiting() == 0; }, 10s));
  EXPECT_FALSE(worker.finish());
  call.let_return();
}

TEST(Worker, IsNotStuckWhileItHasNothingToDo) {
  Worker<int> worker(8, [](int, Turn&) {});
  for (int look = 0; look < 20; ++look) EXPECT_FALSE(worker.check(2));
  EXPECT_EQ(worker.liveness().stuck, 0U);
}

TEST(Worker, IsNotStuckWhileItGetsOn) {
  std::atomic<bool> is_over = false;
  Worker<int> worker(8, [&](int, Turn& turn) {
    while (!is_over) {
      turn.step();
      std::this_thread::sleep_for(1ms);
    }
  });
  worker.submit(0);
  for (int look = 0; look < 20; ++look) {
    EXPECT_FALSE(worker.check(2));
    std::this_thread::sleep_for(5ms);
  }
  is_over = true;
}

}  // namespace
}  // namespace dropwarden::monitor
