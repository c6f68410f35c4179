// SPDX-License-Identifier: Apache-2.0
#include "upper_reader.hpp"

#include <algorithm>
#include <iterator>
#include <sys/fanotify.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/post.hpp>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// Long enough that a package manager's create, write, chmod and rename of a file are one record or two.
constexpr auto rest = 10ms;
// Each is an open file of the host's.
constexpr std::size_t max_ready = 256;
// Beyond that a file is looked at as it is.
constexpr std::size_t max_unsettled = 4096;
constexpr int max_looks = 5;
constexpr auto longest_end = 2s;
// Then the rest of the loop has its turn: what the marks on overlays tell waits in a queue that has an end,
// too.
constexpr auto long_turn = 20ms;

}  // namespace

UpperReader::UpperReader(boost::asio::io_context& loop, privilege::Privilege& privilege, sys::Fd group,
                         Handler handler)
    : loop_(loop),
      handler_(std::move(handler)),
      resolver_(privilege),
      group_(context_, std::move(group), rest,
             {.on_events = [this](std::span<const watch::FidEvent> events) { on_events(events); },
              .on_rest = [this] { end_round(); },
              .on_loss = [this](model::Loss loss) { put({.loss = UpperResolver::Missed{.loss = loss}}); },
              .on_failure = [this](sys::Error error) { put({.failure = std::move(error)}); }}),
      group_number_(group_.descriptor()) {
  group_.start();
  thread_ = std::thread([this] {
    turn_.begin();
    turn_.end();
    context_.run();
    const std::scoped_lock lock(mutex_);
    is_done_ = true;
    changed_.notify_all();
  });
}

UpperReader::~UpperReader() {
  static_cast<void>(stop());
  *is_alive_ = false;
}

void UpperReader::set_places(std::shared_ptr<const UpperPlaces> places) {
  boost::asio::post(context_,
                    [this, places = std::move(places)] mutable { resolver_.set_places(std::move(places)); });
}

bool UpperReader::stop() {
  if (!thread_.joinable()) return !is_stuck_;
  boost::asio::post(context_, [this] {
    group_.stop();
    again_.cancel();
    for (const Unsettled& unsettled : std::exchange(unsettled_, {})) look_again_at(unsettled, true);
    end_round();
    work_.reset();
  });
  // The thread may wait for room, or have more to hand on.
  const auto deadline = std::chrono::steady_clock::now() + longest_end;
  for (bool is_done = false; !is_done;) {
    std::unique_lock lock(mutex_);
    is_stuck_ = !changed_.wait_until(lock, deadline, [this] { return is_done_ || !ready_.empty(); });
    if (is_stuck_) break;
    is_done = is_done_;
    lock.unlock();
    while (auto item = take_next()) hand_on(std::move(*item));
  }
  if (is_stuck_) {
    thread_.detach();
  } else {
    thread_.join();
  }
  return !is_stuck_;
}

std::optional<StallCheck::Stall> UpperReader::check(unsigned limit) {
  const auto stall = check_.look(turn_, limit);
  if (!turn_.is_busy()) {
    turn_.set_busy();
    boost::asio::post(context_, [this] { turn_.end(); });
  }
  return stall;
}

UpperReader::Tally UpperReader::tally() const {
  return {.records = records_, .elsewhere = elsewhere_, .gone = gone_};
}

void UpperReader::on_events(std::span<const watch::FidEvent> events) {
  std::vector<watch::FidEvent> others;
  std::ranges::copy_if(events, std::back_inserter(others),
                       [](const watch::FidEvent& event) { return event.pid.value != ::getpid(); });
  turn_.step();
  resolver_.foresee(others);
  for (const watch::FidEvent& event : others) on_event(event);
}

void UpperReader::on_event(const watch::FidEvent& event) {
  ++records_;
  if (event.is_directory()) return on_directory(event);
  on_answer(resolver_.resolve(event), event, 1);
}

void UpperReader::on_directory(const watch::FidEvent& event) {
  if ((event.mask & FAN_MOVED_TO) == 0) return;
  resolver_.forget_paths();
  for (const auto& missed : resolver_.check_places()) put({.loss = missed});
  if (unsettled_.size() < max_unsettled)
    put_off({.nameless = event, .name = std::string(event.name), .look = {}, .told_until = {}, .due = {}});
}

// Until it has settled.
void UpperReader::put_off(Unsettled unsettled) {
  ++unsettled.looks;
  unsettled.due = std::chrono::steady_clock::now() + UpperResolver::settling;
  unsettled_.push_back(std::move(unsettled));
  if (unsettled_.size() == 1) arm();
}

void UpperReader::look_into(const Unsettled& moved, bool is_last) {
  const bool is_to_end = is_last || moved.looks >= max_looks || unsettled_.size() >= max_unsettled;
  auto found = resolver_.resolve_moved(moved.event(), moved.told_until, is_to_end);
  for (Sighting& sighting : found.sightings) put({.sighting = std::move(sighting)});
  passed_over_ += found.passed_over;
  if (found.is_settled) return;
  Unsettled next = moved;
  next.told_until = found.told_until;
  put_off(std::move(next));
}

void UpperReader::look_again_at(const Unsettled& unsettled, bool is_last) {
  const watch::FidEvent event = unsettled.event();
  if (event.is_directory()) {
    look_into(unsettled, is_last);
  } else if (is_last) {
    on_answer(resolver_.resolve_at_last(event), event, max_looks);
  } else {
    on_answer(resolver_.resolve(event, unsettled.look), event, unsettled.looks);
  }
}

void UpperReader::on_answer(UpperResolver::Answer answer, const watch::FidEvent& event, int looks) {
  elsewhere_ = resolver_.tally().elsewhere;
  gone_ = resolver_.tally().gone;
  const auto* look = std::get_if<UpperResolver::Look>(&answer);
  if (look != nullptr && looks < max_looks && unsettled_.size() < max_unsettled)
    return put_off({.nameless = event,
                    .name = std::string(event.name),
                    .look = *look,
                    .told_until = {},
                    .looks = looks,
                    .due = {}});
  if (look != nullptr) answer = resolver_.resolve_at_last(event);
  if (std::holds_alternative<UpperResolver::PassedOver>(answer)) ++passed_over_;
  if (auto* sighting = std::get_if<Sighting>(&answer)) put({.sighting = std::move(*sighting)});
  if (const auto* missed = std::get_if<UpperResolver::Missed>(&answer)) put({.loss = *missed});
}

void UpperReader::arm() {
  if (unsettled_.empty()) return;
  again_.expires_at(unsettled_.front().due);
  again_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) look_again();
  });
}

void UpperReader::look_again_at(std::span<const Unsettled> due) {
  std::vector<watch::FidEvent> events(due.size());
  std::ranges::transform(due, events.begin(), &Unsettled::event);
  turn_.step();
  resolver_.foresee(events);
  for (const Unsettled& unsettled : due) look_again_at(unsettled, false);
}

// They are due in the order in which they came.
void UpperReader::look_again() {
  const auto now = std::chrono::steady_clock::now();
  std::vector<Unsettled> due;
  while (!unsettled_.empty() && unsettled_.front().due <= now) {
    due.push_back(std::move(unsettled_.front()));
    unsettled_.pop_front();
  }
  const bool is_armed_by_answers = unsettled_.empty();
  for (std::span<const Unsettled> left(due); !left.empty();) {
    const std::size_t count = std::min(left.size(), watch::FidGroup::most_at_once);
    look_again_at(left.first(count));
    left = left.subspan(count);
  }
  end_round();
  if (!is_armed_by_answers) arm();
}

// By far most files that are written are mere text: the loop hears of them together.
void UpperReader::end_round() {
  resolver_.let_go();
  if (passed_over_ > 0) put({.passed_over = std::exchange(passed_over_, 0)});
}

void UpperReader::put(Item item) {
  std::unique_lock lock(mutex_);
  turn_.step();
  changed_.wait(lock, [this] { return ready_.size() < max_ready; });
  const bool is_first = ready_.empty();
  ready_.push_back(std::move(item));
  changed_.notify_all();
  lock.unlock();
  if (is_first) post_take();
}

std::optional<UpperReader::Item> UpperReader::take_next() {
  const std::scoped_lock lock(mutex_);
  if (ready_.empty()) return std::nullopt;
  std::optional<Item> item(std::move(ready_.front()));
  ready_.pop_front();
  changed_.notify_all();
  return item;
}

void UpperReader::hand_on(Item item) const {
  if (item.sighting) handler_.on_sighting(std::move(*item.sighting));
  if (item.passed_over > 0) handler_.on_passed_over(item.passed_over);
  if (item.loss) handler_.on_loss(*item.loss);
  if (item.failure) handler_.on_failure(std::move(*item.failure));
}

void UpperReader::take() {
  const auto end = std::chrono::steady_clock::now() + long_turn;
  while (auto item = take_next()) {
    hand_on(std::move(*item));
    if (std::chrono::steady_clock::now() >= end) return post_take();
  }
}

void UpperReader::post_take() {
  boost::asio::post(loop_, [this, is_alive = is_alive_] {
    if (*is_alive) take();
  });
}

}  // namespace dropwarden::monitor
