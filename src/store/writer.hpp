// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "dropwarden/store/store.hpp"

#include "batch.hpp"
#include "tables.hpp"

namespace dropwarden::store {

// The thread that commits what is saved. Owns the open database from its construction on.
class Writer {
 public:
  // `is_doubtful`: the database is looked through before anything is committed, since it was not closed.
  Writer(const Settings& settings, std::unique_ptr<Tables> tables, bool is_doubtful,
         Store::OnReport on_report);
  ~Writer() { finish(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Lets `change` add to what is committed next. Any thread; never waits for a disk.
  template <class Change>
  void save(Change change) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      if (is_finishing_) return;
      was_empty = pending_.is_empty();
      change(pending_);
    }
    // Else it is awake, and gathers.
    if (was_empty) changed_.notify_one();
  }

  // False when there is no room for it. What there was room for is kept until it is committed, so that it
  // may count as told. Any thread; never waits for a disk.
  bool save_message(model::SharedMessage message);

  // The mailboxes whose messages are saved here; null: there are none any more.
  void attach(std::shared_ptr<Outgoing> outgoing);
  // A mailbox has a wish.
  void refill();

  // Commits what can be committed, once, and ends the thread.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  void look_through();
  bool take();
  bool commit();
  void fulfil_wishes();
  void on_success();
  void on_damage(const std::string& what);
  void report_dropped();
  void report_failure(const std::string& what);

  const Settings settings_;
  const Store::OnReport on_report_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Batch pending_;
  std::size_t stuck_bytes_ = 0;  // of messages that the disk does not take
  bool is_finishing_ = false;
  bool has_wish_ = false;
  std::shared_ptr<Outgoing> outgoing_;

  // The thread's own from here on.
  std::unique_ptr<Tables> tables_;
  const bool is_doubtful_;
  Batch batch_;  // what is being committed, or could not be
  std::uint64_t dropped_ = 0;
  bool is_failing_ = false;
  std::shared_ptr<Outgoing> sharing_;
  std::thread thread_;
};

}  // namespace dropwarden::store
