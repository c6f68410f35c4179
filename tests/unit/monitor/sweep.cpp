// SPDX-License-Identifier: Apache-2.0
#include "monitor/sweep.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/file.hpp"

#include "support/file.hpp"
#include "support/loop.hpp"
#include "support/memory_directory.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

constexpr int count = 6;  // fewer than may be on their way to the loop

class SweepTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_.emplace();
    for (int number = 0; number < count; ++number)
      test::write_file(directory_->path() + "/" + std::to_string(number), "#!/bin/sh\n");
    table_ = mount::parse_mountinfo(
        sys::value_or_throw(sys::read_file("/proc/self/mountinfo", std::size_t{1} << 24U)));
    WatchedMount overlay;
    overlay.mount_point = "/merged";
    overlay.layers.upperdir = directory_->path();
    overlay.coverage = mount::Coverage::file_system;
    mounts_.add(std::move(overlay), WatchedMounts::Clock::now());
    sweep_ = std::make_unique<Sweep>(loop_, *privilege_, mounts_, host_, nullptr, config::Scan{},
                                     Sweep::Handlers{.on_file =
                                                         [this](const Sighting&) {
                                                           take();
                                                           return std::size_t{0};
                                                         },
                                                     .is_behind = [this] { return is_behind_; }});
    sweep_->on_table(table_);
    sweep_->set_ready();
  }

  // Something else comes to the loop with each file.
  void take() {
    ++taken_;
    in_a_row_ += is_something_waiting_ ? 1 : 0;
    is_something_waiting_ = true;
    boost::asio::post(loop_, [this] { is_something_waiting_ = false; });
  }

  std::unique_ptr<privilege::Privilege> privilege_ = privilege::make_direct();
  std::optional<test::MemoryDirectory> directory_;
  std::vector<model::Mount> table_;
  mount::HostMounts host_;
  WatchedMounts mounts_;
  boost::asio::io_context loop_{1};
  bool is_behind_ = false;
  bool is_something_waiting_ = false;
  int taken_ = 0;
  int in_a_row_ = 0;
  std::unique_ptr<Sweep> sweep_;
};

TEST_F(SweepTest, HandsOnWhatItFinds) {
  EXPECT_TRUE(test::run_until(loop_, [this] { return taken_ == count; }));
}

// The queue of events has an end, and what is in a tree stays there.
TEST_F(SweepTest, GivesWayToEventsThatWait) {
  is_behind_ = true;
  // All are on their way by then, or there is less to be seen.
  std::this_thread::sleep_for(100ms);
  EXPECT_TRUE(test::run_until(loop_, [this] { return taken_ == count; })) << "but goes on";
  EXPECT_EQ(in_a_row_, 0);
}

}  // namespace
}  // namespace dropwarden::monitor
