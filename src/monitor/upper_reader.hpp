// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dropwarden/model/disposition.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/util/time.hpp"
#include "dropwarden/watch/fid_group.hpp"

#include "sighting.hpp"
#include "turn.hpp"
#include "upper_places.hpp"
#include "upper_resolver.hpp"

namespace dropwarden::monitor {

// Reads the group of sensor B on a thread of its own: opening by handle may wait for a disk, and a file
// system has far more to tell than containers do. What is a container's goes to the loop; when the loop does
// not keep up the thread waits for it, and in the end the kernel's queue overflows, which is told. Owns the
// group and the thread.
class UpperReader {
 public:
  struct Handler {  // on the loop
    std::function<void(Sighting)> on_sighting;
    std::function<void(std::uint64_t)> on_passed_over;  // how many files were read that nothing would run
    std::function<void(UpperResolver::Missed)> on_loss;
    std::function<void(sys::Error)> on_failure;  // the group can be read no more
  };
  // The loop outlives it. Throws boost::system::system_error when `group` cannot be polled.
  UpperReader(boost::asio::io_context& loop, privilege::Privilege& privilege, sys::Fd group, Handler handler);
  ~UpperReader();
  UpperReader(const UpperReader&) = delete;
  UpperReader& operator=(const UpperReader&) = delete;

  // From now on: what was read before is resolved as it was.
  void set_places(std::shared_ptr<const UpperPlaces> places);
  // Hands on what is queued now, and ends the thread. False when that did not end within two seconds: then
  // this must not be destroyed.
  bool stop();
  // As Worker::check, of one thread. It is not replaced.
  std::optional<StallCheck::Stall> check(unsigned limit);
  bool is_stuck() const { return is_stuck_; }
  int descriptor() const { return group_number_; }

  struct Tally {
    std::uint64_t records = 0;    // all, save our own
    std::uint64_t elsewhere = 0;  // of files that are no container's
    std::uint64_t gone = 0;       // of files that were gone
  };
  Tally tally() const;

 private:
  struct Item {
    std::optional<Sighting> sighting{};
    std::uint64_t passed_over = 0;
    std::optional<UpperResolver::Missed> loss{};
    std::optional<sys::Error> failure{};
  };
  // A record that is to be looked at again.
  struct Unsettled {
    watch::FidEvent nameless;  // what it had for a name is gone
    std::string name;
    UpperResolver::Look look;
    util::WallTime told_until;  // of a directory, as UpperResolver::Moved has it
    int looks = 1;
    std::chrono::steady_clock::time_point due;

    watch::FidEvent event() const {
      watch::FidEvent named = nameless;
      named.name = name;
      return named;
    }
  };
  void on_events(std::span<const watch::FidEvent> events);
  void on_event(const watch::FidEvent& event);
  void on_answer(UpperResolver::Answer answer, const watch::FidEvent& event, int looks);
  void on_directory(const watch::FidEvent& event);
  void look_into(const Unsettled& moved, bool is_last);
  void put_off(Unsettled unsettled);
  void look_again_at(const Unsettled& unsettled, bool is_last);
  void look_again_at(std::span<const Unsettled> due);
  void look_again();
  void arm();
  void end_round();
  void put(Item item);
  std::optional<Item> take_next();
  void hand_on(Item item) const;
  void take();
  void post_take();

  boost::asio::io_context& loop_;
  const Handler handler_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  UpperResolver resolver_;  // of the thread
  std::deque<Unsettled> unsettled_;
  std::uint64_t passed_over_ = 0;  // in this round
  boost::asio::steady_timer again_{context_};
  watch::FidGroup group_;  // of the thread, save `descriptor`
  const int group_number_;
  std::atomic<std::uint64_t> records_ = 0;
  std::atomic<std::uint64_t> elsewhere_ = 0;
  std::atomic<std::uint64_t> gone_ = 0;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<Item> ready_;
  bool is_done_ = false;
  bool is_stuck_ = false;  // the loop's
  Turn turn_;              // busy while a question of `check` is not answered
  StallCheck check_;
  // What is posted to the loop may come after this has gone.
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
  std::thread thread_;
};

}  // namespace dropwarden::monitor
