// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <unordered_map>

#include <boost/asio/io_context.hpp>

#include "dropwarden/config/config.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "registrations.hpp"
#include "sighting.hpp"
#include "sync_states.hpp"
#include "tree_scan.hpp"
#include "worker.hpp"

namespace dropwarden::monitor {

// A scan to be done, or to be gone on with.
struct SweepJob {
  SyncStates::Ticket ticket;
  std::unique_ptr<TreeScan> scan;
};

// How it has ended.
struct SweepEnd {
  SyncStates::Ticket ticket;
  SyncStates::Outcome outcome = SyncStates::Outcome::stopped;
  std::unique_ptr<TreeScan> scan;  // its totals; to be gone on with when it was stopped
};

// Scans one mount after the other on a thread of its own, no faster than it is allowed to. A file that it
// finds comes to the loop, of which a few at most are on the way: the thread waits for the loop.
class Sweeper {
 public:
  struct Handlers {  // called on the loop
    // `on_taken` is to be called once the file was taken, in this turn or later.
    std::function<void(Sighting)> on_file;
    std::function<void(SweepEnd)> on_end;
  };
  Sweeper(boost::asio::io_context& loop, privilege::Privilege& privilege, Handlers handlers);
  ~Sweeper();
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;

  // The rest for the loop's thread. Entries and bytes a second.
  void set_rate(std::uint64_t entries, std::uint64_t bytes);
  std::unique_ptr<TreeScan> make_scan(MountTree tree, util::WallTime changed_since, bool is_whole);
  // One at a time: not before the last one's end.
  void start(SweepJob job);
  // What runs ends soon, `stopped`, unless it comes to its end before.
  void put_off();
  // A file that came was taken.
  void on_taken();
  // No more files come.
  void stop();

 private:
  void handle(SweepJob job, const std::stop_token& stop);
  bool step(TreeScan& scan, HandedOn& handed_on, const std::stop_token& stop);
  void hand_over(layer::ScannedFile file, Located located, const std::stop_token& stop);
  void pause(std::chrono::nanoseconds length, const std::stop_token& stop);
  bool is_over(const std::stop_token& stop) const { return stop.stop_requested() || is_stopped_; }

  boost::asio::io_context& loop_;
  privilege::Privilege& privilege_;
  const Handlers handlers_;
  std::atomic<std::uint64_t> entries_a_second_{20'000};
  std::atomic<std::uint64_t> bytes_a_second_{std::uint64_t{16} << 20U};
  std::atomic<bool> is_put_off_{false};
  std::atomic<bool> is_stopped_{false};
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int on_the_way_ = 0;
  std::unordered_map<std::string, HandedOn> handed_on_;  // by mount; the thread's own
  Registrations registrations_;                          // the loop's
  Worker<SweepJob> worker_;
};

}  // namespace dropwarden::monitor
