// SPDX-License-Identifier: Apache-2.0
// More files than the kernel's queue holds, from many containers at once, and a monitor that is stopped,
// killed and started again meanwhile: what is lost is found by looking, and nothing is told twice under
// another id.
#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <thread>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "acting.hpp"
#include "active_sensors.hpp"
#include "box_test.hpp"
#include "program.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

struct Size {
  unsigned containers;
  unsigned files;     // in each
  unsigned programs;  // of these
};

// The others are text: what nearly all files are.
void write_storm(const Size& size) {
  const unsigned step = size.files / size.programs;
  for (unsigned number = 0; number < size.files; ++number) {
    const auto directory = fmt::format("/c/{}", number / 1000);
    if (number % 1000 == 0) std::filesystem::create_directories(directory);
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
      auto& ids = found_[{container_of(record), path_of(record)}];
      ids.insert(text_at(record, "/id"));
      sensors_[text_at(record, "/detected_by")].insert(text_at(record, "/id"));
    }
  }

  std::uintmax_t files_written() const {
    std::uintmax_t count = 0;
    for (const auto& box : boxes_) {
      std::error_code ignored;
      for (std::filesystem::directory_iterator at(box->upper() + "/c", ignored), end; at != end; ++at)
        ++count;
    }
    return count;
  }

  bool is_done() const {
    return std::ranges::all_of(
        boxes_, [](const auto& box) { return std::filesystem::exists(box->upper() + "/c/done"); });
  }

  void run(const Size& size, std::chrono::milliseconds patience) {
    make_containers(size);
    restart();
    for (const auto& box : boxes_) ASSERT_TRUE(is_watched(*daemon_, *box)) << daemon_->report();
    // Nobody reads while all write: the queue holds 16384 events.
    daemon_->send("monitor", SIGSTOP);
    for (const auto& box : boxes_) {
      box->run([&] {
        if (::fork() != 0) return;
        write_storm(size);
        ::_exit(0);
      });
    }
    const auto directories = std::uintmax_t{size.containers} * size.files / 1000;
    ASSERT_TRUE(wait_for([&] { return files_written() * 2 >= directories; }, 300s));
    daemon_->send("monitor", SIGCONT);
    std::this_thread::sleep_for(200ms);
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
