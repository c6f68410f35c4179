// SPDX-License-Identifier: Apache-2.0
#include "vitals.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "dropwarden/monitor/advice.hpp"
#include "dropwarden/sys/clock.hpp"
#include "dropwarden/sys/heap.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

constexpr auto tick = 1s;
// A full queue of 16384 events takes the reader a fraction of a second.
constexpr std::uint64_t canary_patience = 10;
constexpr std::uint64_t loss_shown = 60;
constexpr std::uint64_t between_trims = 60;

std::uint64_t ticks_of(std::chrono::milliseconds time) {
  return std::max<std::uint64_t>(static_cast<std::uint64_t>(time / tick), 1);
}

}  // namespace

Vitals::Vitals(boost::asio::io_context& loop, Canary& canary, const config::Watch& settings,
               Handlers handlers)
    : timer_(loop), canary_(canary), settings_(settings), handlers_(std::move(handlers)) {}

void Vitals::start() {
  if (settings_.canary > 0ms) write_canary();
  arm();
}

void Vitals::arm() {
  timer_.expires_after(tick);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    look();
    arm();
  });
}

void Vitals::look() {
  ++ticks_;
  look_at_parts();
  look_at_queue();
  look_at_canary();
  // Bursts leave holes in the heap, and who watches for days sees many.
  if (ticks_ % between_trims == 0) sys::trim_heap();
  if (ticks_ > loss_until_) clear("loss");
  const std::size_t desynced = handlers_.desynced();
  if (desynced == 0) return clear("desync");
  health_.set("desync", Condition::degraded,
              fmt::format("{} mounts of containers may hold what was not seen, and are scanned", desynced),
              sys::read_file_time());
}

void Vitals::look_at_parts() {
  bool was_replaced = false;
  signs_.parts = handlers_.check_parts(static_cast<unsigned>(ticks_of(settings_.stall_after)), was_replaced);
  for (const Liveness& part : signs_.parts) {
    if (part.is_blind) {
      set(part.name, Condition::unhealthy,
          fmt::format("{} threads are stuck in calls that do not return ({}), and no further one is begun",
                      part.stuck, part.last_stall));
    } else if (part.stuck > 0) {
      set(part.name, Condition::degraded,
          fmt::format("{} threads are stuck in calls that do not return ({}); others have taken their place",
                      part.stuck, part.last_stall));
    } else {
      clear(part.name);
    }
  }
  if (was_replaced) handlers_.on_stalled();
}

void Vitals::look_at_queue() {
  const Queue queue = handlers_.queue();
  const bool is_left = queue.bytes > 0 && queue.reads == std::exchange(last_reads_, queue.reads);
  unread_ = is_left ? unread_ + 1 : 0;
  if (unread_ == 0) return clear("queue");
  if (unread_ < ticks_of(settings_.stall_after)) return;
  set("queue", Condition::unhealthy, "the kernel's queue of events is not read");
  unread_ = 0;
  handlers_.on_stalled();
  handlers_.read_queue();
}

void Vitals::look_at_canary() {
  if (settings_.canary <= 0ms) return clear("canary");
  const std::uint64_t age = ticks_ - canary_written_;
  const std::uint64_t interval = ticks_of(settings_.canary);
  if (canary_.is_out() && age >= std::min(interval, canary_patience)) return miss_canary();
  if (age >= interval) write_canary();
}

void Vitals::miss_canary() {
  canary_.give_up();
  set("canary", Condition::unhealthy,
      "an executable that was written as a test did not come back as an event: containers may not be seen");
  handlers_.on_stalled();
  write_canary();
}

void Vitals::write_canary() {
  canary_written_ = ticks_;
  const auto written = canary_.write(Canary::Clock::now());
  if (written) return;
  set("canary", Condition::degraded,
      fmt::format("the test of the sensor cannot be made: {}", explain(written.error())));
}

void Vitals::on_canary() {
  if (canary_.on_returned(Canary::Clock::now())) clear("canary");
}

void Vitals::on_loss(const std::string& what) {
  loss_until_ = ticks_ + loss_shown;
  health_.set("loss", Condition::degraded, what + " within the last minute", sys::read_file_time());
}

void Vitals::set(std::string_view part, Condition condition, const std::string& text) {
  if (!health_.set(part, condition, text, sys::read_file_time())) return;
  spdlog::log(condition == Condition::unhealthy ? spdlog::level::err : spdlog::level::warn, "{}: {}: {}",
              name_of(condition), part, text);
}

void Vitals::clear(std::string_view part) {
  if (health_.clear(part) && part != "loss" && part != "desync") spdlog::info("{} is well again", part);
}

const VitalSigns& Vitals::signs() {
  signs_.condition = health_.condition();
  signs_.reasons = health_.reasons();
  signs_.canary = canary_.tally();
  return signs_;
}

}  // namespace dropwarden::monitor
