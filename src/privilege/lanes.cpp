// SPDX-License-Identifier: Apache-2.0
#include "lanes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <poll.h>
#include <sys/socket.h>

#include "lender.hpp"

// Owns the asking ends. One thread at a time has a lane; one whose answer is overdue is nobody's until that
// has come and was thrown away.
namespace dropwarden::privilege {
namespace {

using std::chrono::milliseconds;

bool has_something(int socket) {
  struct pollfd polled{socket, POLLIN, 0};
  return ::poll(&polled, 1, 0) == 1;
}

sys::Error gone() {
  return {"recvmsg", "marker", ECONNRESET};
}

}  // namespace

struct Lanes::Lane {
  sys::Fd socket;
  std::uint64_t generation = 0;
  bool is_taken = false;
  bool is_overdue = false;
};

std::pair<sys::Fd, sys::Fd> open_lane() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw sys::SystemError(sys::last_error("socketpair"));
  return {sys::Fd{ends[0]}, sys::Fd{ends[1]}};
}

Lanes::Lanes(std::vector<sys::Fd> lanes, Limits limits, std::function<void()> on_stuck)
    : limits_(limits), on_stuck_(std::move(on_stuck)) {
  replace(std::move(lanes));
  counts_ = {};
}

void Lanes::replace(std::vector<sys::Fd> lanes) {
  const std::lock_guard lock(mutex_);
  ++generation_;
  ++counts_.replacements;
  is_stuck_told_ = false;
  overdue_in_a_row_ = 0;
  // Wakes who waits for an answer; the last who has the lane closes it.
  for (const auto& lane : lanes_) ::shutdown(lane->socket.number(), SHUT_RDWR);
  lanes_.clear();
  for (sys::Fd& socket : lanes) {
    set_patience(socket.number(), limits_.answer);
    auto lane = std::make_shared<Lane>();
    lane->socket = std::move(socket);
    lane->generation = generation_;
    lanes_.push_back(std::move(lane));
  }
  changed_.notify_all();
}

Lanes::Counts Lanes::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

sys::Result<Lanes::Answer> Lanes::ask(const Request& request) {
  std::uint64_t last_generation = 0;
  for (int tries = 0; tries < 2; ++tries) {
    const auto deadline = Clock::now() + (tries == 0 ? limits_.answer : limits_.replacement);
    const auto lane = take(deadline, last_generation);
    if (!lane) return std::unexpected(tries == 0 ? sys::Error{"sendmsg", "marker", ETIMEDOUT} : gone());
    auto sent = send(lane->socket.number(), request.message);
    // For all that processes of this user have sent and nobody has received (unix(7)), which may be a
    // container's: the marker takes them by their numbers.
    std::optional<sys::Error> refused;
    if (!sent && sent.error().number == ETOOMANYREFS) {
      refused = sent.error();
      // Half of the time that is waited for the answer: they stay open until then, by whatever clock.
      sent = send(lane->socket.number(), tell_numbers(request.message, Clock::now() + limits_.answer / 2));
    }
    auto received = sent ? receive(lane->socket.number(), max_answer) : std::unexpected(sent.error());
    if (received) {
      end(lane, End::answered);
      if (refused && received->bytes.empty()) return std::unexpected(std::move(*refused));
      return Answer{std::move(*received)};
    }
    const bool is_late = received.error().number == ETIMEDOUT;
    end(lane, is_late ? End::overdue : End::lost);
    if (is_late) return std::unexpected(sys::Error{"recvmsg", "marker", ETIMEDOUT});
  }
  return std::unexpected(gone());
}

// A free lane; after a failure one of a later marker.
std::shared_ptr<Lanes::Lane> Lanes::take(Clock::time_point deadline, std::uint64_t& generation) {
  std::unique_lock lock(mutex_);
  std::shared_ptr<Lane> found;
  const auto is_there = [&] {
    if (generation_ <= generation) return false;
    free_answered();
    found = find_free();
    return found != nullptr;
  };
  // An overdue answer comes without anybody saying so.
  while (!is_there()) {
    const auto now = Clock::now();
    if (now >= deadline) break;
    changed_.wait_until(lock, std::min(deadline, now + milliseconds{50}));
  }
  if (found) {
    found->is_taken = true;
    generation = found->generation;
  } else {
    ++counts_.timeouts;
  }
  return found;
}

std::shared_ptr<Lanes::Lane> Lanes::find_free() {
  const auto free =
      std::ranges::find_if(lanes_, [](const auto& lane) { return !lane->is_taken && !lane->is_overdue; });
  return free == lanes_.end() ? nullptr : *free;
}

void Lanes::free_answered() {
  for (const auto& lane : lanes_) {
    if (!lane->is_overdue || lane->is_taken || !has_something(lane->socket.number())) continue;
    lane->is_overdue = !receive(lane->socket.number(), max_answer);
    if (!lane->is_overdue) overdue_in_a_row_ = 0;
  }
}

void Lanes::end(const std::shared_ptr<Lane>& lane, End how) {
  bool is_to_be_told = false;
  {
    const std::lock_guard lock(mutex_);
    lane->is_taken = false;
    if (how == End::answered) {
      overdue_in_a_row_ = 0;
    } else if (how == End::overdue) {
      ++counts_.timeouts;
      ++overdue_in_a_row_;
      lane->is_overdue = true;
      is_to_be_told = is_stuck() && !std::exchange(is_stuck_told_, true);
    } else {
      ++counts_.interrupted;
      // The others may still be served, if it was closed for what it carried.
      std::erase(lanes_, lane);
    }
  }
  changed_.notify_one();
  if (is_to_be_told && on_stuck_) on_stuck_();
}

bool Lanes::is_stuck() const {
  if (overdue_in_a_row_ >= most_overdue) return true;
  return std::ranges::all_of(lanes_, [](const auto& lane) { return lane->is_overdue; });
}

}  // namespace dropwarden::privilege
