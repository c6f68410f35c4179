// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/courier.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <span>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "dropwarden/sys/output.hpp"

namespace dropwarden::sink {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t max_batch_bytes = std::size_t{1} << 20U;
// How often a courier that has nothing to do looks whether it is to end, or to open its destination anew.
constexpr auto idle_time = 1s;

}  // namespace

std::chrono::milliseconds pause_after(std::size_t failures, const Backoff& backoff, double random) {
  std::chrono::milliseconds pause = backoff.first;
  for (std::size_t i = 1; i < failures && pause < backoff.longest; ++i) pause *= 2;
  pause = std::min(pause, backoff.longest);
  return pause / 2 + std::chrono::milliseconds(static_cast<std::int64_t>(
                         static_cast<double>((pause / 2).count()) * std::clamp(random, 0.0, 1.0)));
}

// Owns the destination and the thread that alone uses it.
struct Courier::Impl {
  Impl(Mail from, std::unique_ptr<Destination> to, Backoff pauses, std::function<void(const Report&)> report)
      : mail(std::move(from)),
        destination(std::move(to)),
        backoff(pauses),
        on_report(std::move(report)),
        thread([this] { run(); }) {}

  void run() {
    sys::block_signals();
    while (true) {
      const bool is_ending = is_finishing();
      if (is_to_reopen.exchange(false)) destination->reopen();
      const auto messages = mail.take(destination->max_messages(), max_batch_bytes,
                                      Clock::now() + (is_ending ? 0s : idle_time));
      if (messages.empty()) {
        if (is_ending) break;
        continue;
      }
      const Sent sent = destination->send(messages);
      settle(messages, sent);
      if (sent.problem.empty() || sent.is_refused) {
        on_success();
      } else {
        on_failure(sent.problem);
        if (wait_after_failure()) break;
      }
    }
    const std::lock_guard lock(mutex);
    is_over = true;
    changed.notify_all();
  }

  void settle(std::span<const model::SharedMessage> messages, const Sent& sent) {
    if (sent.taken > 0) mail.confirm(messages[sent.taken - 1]->number, false);
    if (!sent.is_refused || sent.taken >= messages.size()) return;
    mail.confirm(messages[sent.taken]->number, true);
    on_report(
        {.is_degraded = true,
         .text = fmt::format("finding {} is refused for ever: {}", messages[sent.taken]->id, sent.problem)});
  }

  void on_success() {
    bool was_failing = false;
    {
      const std::lock_guard lock(mutex);
      was_failing = std::exchange(state.failures, 0) > 0;
      state.problem.clear();
    }
    if (was_failing) on_report({.is_degraded = false, .text = "delivers again"});
  }

  void on_failure(const std::string& problem) {
    bool is_first = false;
    {
      const std::lock_guard lock(mutex);
      is_first = ++state.failures == 1;
      ++state.attempts;
      state.problem = problem;
    }
    if (is_first) on_report({.is_degraded = true, .text = fmt::format("{}; it is tried again", problem)});
  }

  // True when the courier is to end.
  bool wait_after_failure() {
    std::unique_lock lock(mutex);
    std::uniform_real_distribution<double> random(0, 1);
    const auto pause = pause_after(state.failures, backoff, random(generator));
    return changed.wait_for(lock, pause, [this] { return is_to_finish; });
  }

  bool is_finishing() {
    const std::lock_guard lock(mutex);
    return is_to_finish;
  }

  const Mail mail;
  const std::unique_ptr<Destination> destination;
  const Backoff backoff;
  const std::function<void(const Report&)> on_report;
  std::minstd_rand generator{std::random_device{}()};
  mutable std::mutex mutex;
  std::condition_variable changed;
  CourierState state;
  bool is_to_finish = false;
  bool is_over = false;
  std::atomic<bool> is_to_reopen{false};
  std::thread thread;
};

Courier::Courier(Mail mail, std::unique_ptr<Destination> destination, Backoff backoff,
                 std::function<void(const Report&)> on_report)
    : impl_(std::make_unique<Impl>(std::move(mail), std::move(destination), backoff, std::move(on_report))) {}

Courier::~Courier() {
  finish(Clock::now());
}

void Courier::begin_to_finish() {
  const std::lock_guard lock(impl_->mutex);
  impl_->is_to_finish = true;
  impl_->changed.notify_all();
}

void Courier::finish(std::chrono::steady_clock::time_point deadline) {
  if (!impl_->thread.joinable()) return;
  begin_to_finish();
  {
    std::unique_lock lock(impl_->mutex);
    impl_->changed.wait_until(lock, deadline, [this] { return impl_->is_over; });
  }
  impl_->destination->cancel();
  impl_->thread.join();
}

void Courier::reopen() {
  impl_->is_to_reopen = true;
}

CourierState Courier::state() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->state;
}

}  // namespace dropwarden::sink
