// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::privilege {

// The two ends of a lane: a SOCK_SEQPACKET socket over which one request at a time is asked and answered.
// Throws sys::SystemError.
std::pair<sys::Fd, sys::Fd> open_lane();

// As many requests may wait for the kernel at once: one more than threads of the monitor that ask, so that
// one which hangs holds up no other.
inline constexpr std::size_t lane_count = 12;
inline constexpr unsigned most_overdue = 3;

// The asking ends, all to one marker, and to the next one when that has died. Any thread.
class Lanes {
 public:
  struct Limits {
    // For the answer to a request. Only one that hangs needs more: a file system that does not answer.
    std::chrono::milliseconds answer{5000};
    // For another marker, once one has died.
    std::chrono::milliseconds replacement{5000};
  };
  struct Counts {
    std::uint64_t timeouts = 0;      // requests that were given up
    std::uint64_t interrupted = 0;   // asked once more, or failed, since the marker had died
    std::uint64_t replacements = 0;  // markers after the first
  };

  // `on_stuck` is called, at most once a marker, when every lane waits for an answer that is overdue, or
  // `most_overdue` requests in a row have had none in time: a marker that is stopped, and not a file system
  // that hangs.
  Lanes(std::vector<sys::Fd> lanes, Limits limits, std::function<void()> on_stuck);
  explicit Lanes(std::vector<sys::Fd> lanes) : Lanes(std::move(lanes), Limits{}, {}) {}

  // From now on these. Who waits for an answer on another one is told that it is gone.
  void replace(std::vector<sys::Fd> lanes);
  Counts counts() const;
  // Grows with each `replace`. Takes no lock.
  std::uint64_t generation() const { return generation_; }

  // For make_remote. One request and its answer, without the number that both begin with; asked a second time
  // if the marker dies. ETIMEDOUT when there was no answer in time, ECONNRESET when the marker died twice or
  // there is no other.
  struct Request;
  struct Answer;
  sys::Result<Answer> ask(const Request& request);

 private:
  struct Lane;
  using Clock = std::chrono::steady_clock;

  std::shared_ptr<Lane> take(Clock::time_point deadline, std::uint64_t& generation);
  std::shared_ptr<Lane> find_free();
  void free_answered();
  enum class End { answered, overdue, lost };
  void end(const std::shared_ptr<Lane>& lane, End how);
  bool is_stuck() const;

  const Limits limits_;
  const std::function<void()> on_stuck_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Lane>> lanes_;
  std::atomic<std::uint64_t> generation_ = 0;
  bool is_stuck_told_ = false;
  unsigned overdue_in_a_row_ = 0;
  Counts counts_;
};

// Privilege, done by whoever answers on the lanes. Throws sys::SystemError when nobody does.
std::unique_ptr<Privilege> make_remote(Lanes& lanes);

// Answers on `lanes`, a thread each, by asking `privilege`, until all of them are closed at the other end. A
// request that is malformed closes its lane. `introduction` is the marker's end.
void serve(std::vector<sys::Fd> lanes, Privilege& privilege, sys::Fd introduction = {});

// By which the marker learns from their parent, once, which process asks on its lanes: the ends of the parent
// and of the marker, which takes descriptors of that process by their numbers when the kernel lets its user
// send none. Throws sys::SystemError.
std::pair<sys::Fd, sys::Fd> open_introduction();
sys::Result<void> introduce(int introduction, const sys::Fd& pidfd);

}  // namespace dropwarden::privilege
