// SPDX-License-Identifier: Apache-2.0
// More files than the kernel's queue holds, from many containers at once, and a monitor that is stopped,
// killed and started again meanwhile: what is lost is found by looking, and nothing is told twice under
// another id.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <thread>
#include <unistd.h>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "acting.hpp"
#include "active_sensors.hpp"
#include "box_test.hpp"
#include "program.hpp"
#include "support/file.hpp"
#include "support/queue_limit.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

struct Size {
  unsigned containers;
  unsigned files;     // in each
  unsigned programs;  // of these
};

constexpr unsigned files_a_directory = 1000;

// The others are text: what nearly all files are.
void write_storm(const Size& size) {
  const unsigned step = size.files / size.programs;
  for (unsigned number = 0; number < size.files; ++number) {
    const auto directory = fmt::format("/c/{}", number / files_a_directory);
    if (number % files_a_directory == 0) std::filesystem::create_directories(directory);
    const auto file = fmt::format("{}/{}", directory, number);
    if (number % step == 0) {
      put(file, make_program(file));
    } else {
      put(file, "text that nobody runs\n", 0644);
    }
  }
  put("/c/done", "", 0644);
}

class Storm : public BoxTest {
 protected:
  std::string type() const override { return "ext4"; }
  // Room for the files of all containers: an inode each.
  std::uintmax_t file_system_size() const override { return std::uintmax_t{8} << 30U; }

  void make_containers(const Size& size) {
    for (unsigned number = 0; number < size.containers; ++number) {
      boxes_.push_back(make_box(fmt::format("box{}", number)));
      boxes_.back()->start();
    }
  }

  void restart() {
    if (daemon_) {
      daemon_->send(SIGKILL);
      ASSERT_TRUE(wait_for([&] { return !daemon_->is_running(); }, 10s));
      collect();
    }
    daemon_ = start_daemon("scan:\n  interval: 5s\n", host_path("state/state.db"));
  }

  void collect() {
    for (const auto& record : daemon_->records()) {
      const auto container = container_of(record);
      // There may be others on this machine.
      if (std::ranges::find(boxes_, container, [](const auto& box) { return box->id(); }) == boxes_.end())
        continue;
      auto& ids = found_[{container, path_of(record)}];
      ids.insert(text_at(record, "/id"));
      sensors_[text_at(record, "/detected_by")].insert(text_at(record, "/id"));
    }
  }

  std::uintmax_t directories_written() const {
    std::uintmax_t count = 0;
    for (const auto& box : boxes_) {
      std::error_code ignored;
      for (std::filesystem::directory_iterator at(box->upper() + "/c", ignored), end; at != end; ++at)
        ++count;
    }
    return count;
  }

  // FAN_Q_OVERFLOW, in the ledger.
  bool has_overflowed() const {
    const auto report = boost::json::parse(daemon_->report());
    return report.at("ledger").at("lost").at("queue_overflow").to_number<std::uint64_t>() > 0;
  }

  bool is_done() const {
    return std::ranges::all_of(
        boxes_, [](const auto& box) { return std::filesystem::exists(box->upper() + "/c/done"); });
  }

  void run(const Size& size, std::chrono::milliseconds patience) {
    make_containers(size);
    restart();
    for (const auto& box : boxes_) ASSERT_TRUE(is_watched(*daemon_, *box)) << daemon_->report();
    // Nobody reads while all write more than the queue holds.
    const auto most_queued = read_queue_limit();
    const auto written = std::uint64_t{size.containers} * size.files;
    // Each has begun its next directory.
    const auto full = most_queued / files_a_directory + 1 + size.containers;
    const bool is_to_overflow = written / files_a_directory > full;
    daemon_->send("monitor", SIGSTOP);
    for (const auto& box : boxes_) {
      box->run([&] {
        if (::fork() != 0) return;
        write_storm(size);
        ::_exit(0);
      });
    }
    const auto half = written / files_a_directory / 2;
    ASSERT_TRUE(wait_for(
        [&] {
          return directories_written() >= (is_to_overflow ? std::max<std::uint64_t>(half, full) : half);
        },
        300s));
    daemon_->send("monitor", SIGCONT);
    if (is_to_overflow) {
      // The kernel says it behind all that it has queued.
      EXPECT_TRUE(wait_for([&] { return has_overflowed(); }, 60s)) << daemon_->report();
    } else {
      fmt::print("not overflowing: fs.fanotify.max_queued_events is {}\n", most_queued);
      std::this_thread::sleep_for(200ms);
    }
    restart();
    ASSERT_TRUE(wait_for([&] { return is_done(); }, 300s));
    const auto programs = std::size_t{size.containers} * size.programs;
    wait_for([&] { return collect(), found_.size() >= programs; }, patience);
    EXPECT_TRUE(daemon_->stop().is_success());
    collect();
    judge(programs);
  }

  void judge(std::size_t programs) {
    std::set<std::string> ids;
    for (const auto& [place, some] : found_) {
      ids.insert(some.begin(), some.end());
      EXPECT_EQ(some.size(), 1U) << place.second;
    }
    fmt::print("{} programs, {} found, {} ids; by sensor:", programs, found_.size(), ids.size());
    for (const auto& [sensor, some] : sensors_) fmt::print(" {} {}", sensor, some.size());
    fmt::print("\n");
    EXPECT_EQ(found_.size(), programs) << daemon_->log().substr(0, 10'000);
    EXPECT_EQ(ids.size(), programs);
    EXPECT_EQ(daemon_->ledger()["balanced"], 1U);
  }

 private:
  std::vector<std::unique_ptr<Box>> boxes_;
  std::unique_ptr<Daemon> daemon_;
  std::map<std::pair<std::string, std::string>, std::set<std::string>> found_;  // ids by container and path
  std::map<std::string, std::set<std::string>> sensors_;                        // ids by sensor
};

TEST_F(Storm, OfAFewContainersLosesNoProgram) {
  run({.containers = 4, .files = 10'000, .programs = 50}, 60s);
}

TEST_F(Storm, OfTwentyContainersLosesNoProgram) {
  run({.containers = 20, .files = 10'000, .programs = 100}, 300s);
}

}  // namespace
}  // namespace dropwarden::test
