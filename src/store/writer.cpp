// SPDX-License-Identifier: Apache-2.0
#include "writer.hpp"

#include <exception>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "dropwarden/sys/output.hpp"

#include "schema.hpp"
#include "set_aside.hpp"

namespace dropwarden::store {
namespace {

using namespace std::chrono_literals;

// What is saved within this time of the first is one commit.
constexpr auto gather_time = 50ms;
// How long a disk that took nothing is left alone.
constexpr auto retry_pause = 1s;

}  // namespace

Writer::Writer(const Settings& settings, std::unique_ptr<Tables> tables, bool is_doubtful,
               Store::OnReport on_report)
    : settings_(settings),
      on_report_(std::move(on_report)),
      tables_(std::move(tables)),
      is_doubtful_(is_doubtful),
      thread_([this] { run(); }) {}

void Writer::attach(std::shared_ptr<Outgoing> outgoing) {
  const std::lock_guard lock(mutex_);
  outgoing_ = std::move(outgoing);
}

bool Writer::save_message(model::SharedMessage message) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = pending_.is_empty();
    if (is_finishing_ || !pending_.save(std::move(message), stuck_bytes_)) return false;
  }
  if (was_empty) changed_.notify_one();
  return true;
}

void Writer::refill() {
  {
    const std::lock_guard lock(mutex_);
    has_wish_ = true;
  }
  changed_.notify_one();
}

void Writer::finish() {
  {
    const std::lock_guard lock(mutex_);
    is_finishing_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Writer::run() {
  sys::block_signals();
  if (is_doubtful_) look_through();
  while (take()) {
    if (!batch_.is_empty() || !tables_) commit();
    fulfil_wishes();
  }
  if (!batch_.is_empty() && !commit())
    on_report_(
        {.is_degraded = true, .text = "the last findings are not stored, and told again after a restart"});
  tables_.reset();
}

// Takes seconds where there are many findings, which the start of the daemon has no time for.
void Writer::look_through() {
  try {
    if (!tables_->is_sound()) on_damage("quick_check");
  } catch (const DatabaseError& error) {
    if (error.is_damage())
      on_damage(error.what());
    else
      report_failure(error.what());
  }
}

// Waits until there is something to commit, gathers what comes with it, and adds it to the batch. False at
// the end, after the last was taken.
bool Writer::take() {
  std::unique_lock lock(mutex_);
  const auto is_ending = [this] { return is_finishing_; };
  if (is_failing_)
    changed_.wait_for(lock, retry_pause, is_ending);
  else
    changed_.wait(lock, [this] { return is_finishing_ || has_wish_ || !pending_.is_empty(); });
  // A wish waits for nothing that could come with it.
  if (!is_finishing_ && !has_wish_) changed_.wait_for(lock, gather_time, is_ending);
  has_wish_ = false;
  sharing_ = outgoing_;
  batch_.add(std::exchange(pending_, {}));
  if (is_failing_) stuck_bytes_ = batch_.message_bytes();
  return !is_finishing_;
}

bool Writer::commit() {
  report_dropped();
  try {
    if (!tables_) tables_ = std::make_unique<Tables>(settings_);
    tables_->commit(batch_, sharing_.get());
    if (sharing_) sharing_->set_handled(batch_.last_message());
  } catch (const DatabaseError& error) {
    if (error.is_damage())
      on_damage(error.what());
    else
      report_failure(error.what());
    return false;
  } catch (const ForeignDatabase& error) {
    tables_.reset();
    report_failure(error.what());
    return false;
  }
  batch_ = {};
  if (std::exchange(is_failing_, false)) on_success();
  return true;
}

void Writer::on_success() {
  {
    const std::lock_guard lock(mutex_);
    stuck_bytes_ = 0;
  }
  on_report_({.is_degraded = false, .text = "what is found is stored again"});
}

// What cannot be read now is wished for again.
void Writer::fulfil_wishes() {
  if (!sharing_ || !tables_ || is_failing_) return;
  try {
    for (const Wish& wish : sharing_->wishes()) sharing_->fill(wish, tables_->outbox().read(wish));
  } catch (const DatabaseError& error) {
    if (error.is_damage()) on_damage(error.what());
  }
}

// What is in the batch goes into a new database.
void Writer::on_damage(const std::string& what) {
  tables_.reset();
  is_failing_ = true;
  if (sharing_) sharing_->lose_stored();
  try {
    const std::string aside = set_aside(settings_.path, util::WallTime{std::chrono::system_clock::now()});
    on_report_({.is_degraded = true,
                .text = fmt::format(
                    "the database is damaged ({}): it is now \"{}\", and a new one is begun; findings told "
                    "before may be told again after a restart",
                    what, aside)});
  } catch (const std::exception& error) {
    on_report_({.is_degraded = true,
                .text = fmt::format("the database is damaged ({}) and cannot be set aside: {}", what,
                                    error.what())});
  }
}

void Writer::report_dropped() {
  const std::uint64_t dropped = batch_.dropped();
  if (dropped > 0 && dropped_ == 0)
    on_report_({.is_degraded = true,
                .text = "the disk is slower than what is found: some findings are not stored, and told again "
                        "after a restart"});
  dropped_ = dropped;
}

void Writer::report_failure(const std::string& what) {
  if (std::exchange(is_failing_, true)) return;
  on_report_({.is_degraded = true,
              .text = fmt::format(
                  "{}; findings are told as before, but what is not stored by the next start is told "
                  "again then",
                  what)});
}

}  // namespace dropwarden::store
