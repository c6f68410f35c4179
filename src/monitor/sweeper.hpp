// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include <boost/asio/io_context.hpp>

#include "dropwarden/config/config.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "registrations.hpp"
#include "sighting.hpp"
#include "sweep_rate.hpp"
#include "sync_states.hpp"
#include "tree_scan.hpp"
#include "worker.hpp"

namespace dropwarden::monitor {

// A scan to be done, or to be gone on with.
struct SweepJob {
  SyncStates::Ticket ticket;
  std::unique_ptr<TreeScan> scan;
  std::uint64_t run = 0;  // given by Sweeper::start
};

// How it has ended.
struct SweepEnd {
  SyncStates::Ticket ticket;
  SyncStates::Outcome outcome = SyncStates::Outcome::stopped;
  // Its totals; to be gone on with when it was stopped. Null when the thread that has it is stuck.
  std::unique_ptr<TreeScan> scan;
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
  std::unique_ptr<TreeScan> make_scan(MountTree tree, const TreeScan::Range& range);
  // One at a time: not before the last one's end.
  void start(SweepJob job);
  // What runs ends soon, `stopped`, unless it comes to its end before.
  void put_off();
  // A file that came was taken.
  void on_taken();
  // No more files come.
  void stop();
  // Worker::check. A scan whose thread is stuck ends: `cut`, without the scan.
  void check(unsigned limit);
  auto& worker() { return worker_; }

 private:
  // By mount.
  using HandedOnByMount = std::unordered_map<std::string, HandedOn>;

  void handle(SweepJob job, HandedOnByMount& handed_on, Turn& turn);
  bool step(TreeScan& scan, HandedOn& handed_on, Turn& turn);
  void hand_over(layer::ScannedFile file, Located located, Turn& turn);
  void pause(std::chrono::nanoseconds length, Turn& turn);
  bool is_over(const Turn& turn) const { return turn.is_stopped() || is_stopped_; }

  boost::asio::io_context& loop_;
  privilege::Privilege& privilege_;
  const Handlers handlers_;
  SweepRate rate_{20'000, std::uint64_t{16} << 20U};
  std::atomic<bool> is_put_off_{false};
  std::atomic<bool> is_stopped_{false};
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int on_the_way_ = 0;
  Registrations registrations_;  // the loop's, as what follows
  std::optional<SyncStates::Ticket> running_;
  std::uint64_t run_ = 0;
  Worker<SweepJob> worker_;
};

}  // namespace dropwarden::monitor
