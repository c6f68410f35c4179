// SPDX-License-Identifier: Apache-2.0
#include "sweeper.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/post.hpp>

// Owns descriptors of files on their way to the loop. Must not own one while it pauses.
namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Each is a descriptor, and of a mount that only the container has, one that keeps it.
constexpr int max_on_the_way = 16;
constexpr std::size_t max_mounts_remembered = 4096;

}  // namespace

Sweeper::Sweeper(boost::asio::io_context& loop, privilege::Privilege& privilege, Handlers handlers)
    : loop_(loop),
      privilege_(privilege),
      handlers_(std::move(handlers)),
      registrations_(privilege),
      worker_(1, [this] {
        return [this, handed_on = std::make_shared<HandedOnByMount>()](SweepJob job, Turn& turn) {
          handle(std::move(job), *handed_on, turn);
        };
      }) {}

Sweeper::~Sweeper() {
  stop();
}

void Sweeper::set_rate(std::uint64_t entries, std::uint64_t bytes) {
  rate_.set(entries, bytes);
}

std::unique_ptr<TreeScan> Sweeper::make_scan(MountTree tree, const TreeScan::Range& range) {
  const auto rules = registrations_.current(Clock::now());
  return std::make_unique<TreeScan>(privilege_, std::move(tree), range,
                                    std::vector<classify::RegistrationRule>(rules.begin(), rules.end()));
}

void Sweeper::start(SweepJob job) {
  is_put_off_ = false;
  job.run = ++run_;
  running_ = job.ticket;
  worker_.submit(std::move(job));
}

void Sweeper::put_off() {
  is_put_off_ = true;
  changed_.notify_all();
}

void Sweeper::on_taken() {
  {
    const std::lock_guard lock(mutex_);
    --on_the_way_;
  }
  changed_.notify_all();
}

void Sweeper::stop() {
  is_stopped_ = true;
  changed_.notify_all();
}

void Sweeper::check(unsigned limit) {
  if (!worker_.check(limit) || !running_) return;
  ++run_;
  handlers_.on_end({.ticket = std::move(*std::exchange(running_, std::nullopt)),
                    .outcome = SyncStates::Outcome::cut,
                    .scan = nullptr});
}

void Sweeper::handle(SweepJob job, HandedOnByMount& handed_on_by_mount, Turn& turn) {
  if (handed_on_by_mount.size() >= max_mounts_remembered) handed_on_by_mount.clear();
  HandedOn& handed_on = handed_on_by_mount[job.ticket.mount];
  bool goes_on = true;
  while (goes_on && !is_over(turn) && !is_put_off_) goes_on = step(*job.scan, handed_on, turn);
  SweepEnd end{
      .ticket = std::move(job.ticket), .outcome = SyncStates::Outcome::stopped, .scan = std::move(job.scan)};
  if (!goes_on && !is_over(turn))
    end.outcome = end.scan->is_complete() ? SyncStates::Outcome::complete : SyncStates::Outcome::cut;
  // A function that is posted must be copyable.
  auto shared = std::make_shared<SweepEnd>(std::move(end));
  boost::asio::post(loop_, [this, shared, run = job.run] {
    // One that was stuck, and has ended for us already, may come to its end yet.
    if (run != run_) return;
    running_.reset();
    handlers_.on_end(std::move(*shared));
  });
}

bool Sweeper::step(TreeScan& scan, HandedOn& handed_on, Turn& turn) {
  turn.step();
  const auto began = Clock::now();
  const TreeScan::Totals before = scan.totals();
  const bool goes_on = scan.step(rate_.budget(), handed_on, [&](layer::ScannedFile file, Located located) {
    hand_over(std::move(file), std::move(located), turn);
  });
  const TreeScan::Totals& after = scan.totals();
  pause(rate_.pause_after({.entries = after.entries - before.entries,
                           .files = after.files - before.files,
                           .bytes = after.bytes - before.bytes,
                           .opening = after.opening - before.opening,
                           .took = Clock::now() - began}),
        turn);
  return goes_on;
}

void Sweeper::hand_over(layer::ScannedFile file, Located located, Turn& turn) {
  {
    const Rest rest(turn);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, turn.stop(), [this] { return on_the_way_ < max_on_the_way || is_stopped_; });
    if (is_over(turn)) return;
    ++on_the_way_;
  }
  auto sighting = std::make_shared<Sighting>(Sighting{
      .file = std::move(file.file), .pid = {}, .sensor = model::Sensor::scan, .located = std::move(located)});
  boost::asio::post(loop_, [this, sighting] { handlers_.on_file(std::move(*sighting)); });
}

void Sweeper::pause(std::chrono::nanoseconds length, Turn& turn) {
  if (length <= 0ns) return;
  const Rest rest(turn);
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, turn.stop(), length, [this] { return is_put_off_ || is_stopped_; });
}

}  // namespace dropwarden::monitor
