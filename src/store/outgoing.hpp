// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "dropwarden/model/message.hpp"
#include "dropwarden/store/outbox.hpp"

namespace dropwarden::store {

// How far a mailbox has got, as the database has it.
struct Cursor {
  std::string encoding;
  std::uint64_t number = 0;  // delivered up to this message

  friend bool operator==(const Cursor&, const Cursor&) = default;
};
using Cursors = std::map<std::string, Cursor>;  // by the name of the mailbox

// What happened at `time`, by the clock of this process.
std::chrono::steady_clock::time_point waiting_since(util::WallTime time);

// What a mailbox lacks: the messages behind `after`, of which only a query of the database can tell.
struct Wish {
  std::string mailbox;
  std::string encoding;
  bool has_revisions = false;
  std::uint64_t after = 0;
  // As many as there is room for in memory; the first of them whatever its size.
  std::size_t max_messages = 1;
  std::size_t max_bytes = 0;
};

// What the database has for a wish.
struct Refill {
  std::vector<model::SharedMessage> messages;
  bool is_cut = false;  // there are more
};

// The mailboxes of an outbox, in memory: what the outputs' threads, the loop and the writer of the database
// share. Any thread.
//
// A mailbox holds the oldest of its messages; when it is full, or behind, newer ones are in the database
// alone, from where the writer refills it. So their order stays, and memory is bounded.
class Outgoing {
 public:
  static constexpr std::size_t max_mailbox_bytes = std::size_t{4} << 20U;
  static constexpr std::size_t max_refill = 256;  // messages

  explicit Outgoing(std::function<void(const std::string&)> on_loss) : on_loss_(std::move(on_loss)) {}

  // Before anything is added: what the database knew, and its highest number.
  struct Backlog {
    std::uint64_t messages = 0;
    util::WallTime oldest;
  };
  void restore(Cursors cursors, std::uint64_t last_number, std::map<std::string, Backlog> backlogs);
  // Returns the names of mailboxes that are no more. What waited for one that has another encoding is lost.
  std::vector<std::string> open(std::vector<MailboxSettings> mailboxes, bool has_store);

  std::uint64_t next_number();
  // Who wants it.
  bool is_wanted(const model::Message& message) const;
  // `is_stored`: whether the writer has taken it, which then keeps it until it is in the database.
  Outbox::Added add(const model::SharedMessage& message, bool is_stored);
  std::vector<model::SharedMessage> take(const std::string& mailbox, std::size_t max, std::size_t max_bytes,
                                         std::chrono::steady_clock::time_point until,
                                         const std::function<void()>& ask_for_more);
  // Where the cursor is now, and those messages that were in memory alone and are not any more, in whatever
  // encoding. Nothing when there is no such mailbox.
  struct Confirmed {
    Cursor cursor;
    std::vector<model::SharedMessage> told;
  };
  std::optional<Confirmed> confirm(const std::string& mailbox, std::uint64_t number, Outbox::Outcome outcome);
  void wake();
  std::vector<MailboxState> states() const;

  // The writer's part. The cursors of now, those of mailboxes that are gone left out.
  Cursors cursors() const;
  std::vector<Wish> wishes() const;
  void fill(const Wish& wish, const Refill& refill);
  // The database is another one, and how much it held is not known: counts one. What memory holds is there
  // alone.
  void lose_stored();
  // Everything up to this number is in the database, or never will be.
  void set_handled(std::uint64_t number);
  // The database has dropped messages that a mailbox had not got.
  void count_lost(const std::string& mailbox, std::uint64_t messages, const std::string& why);
  // Which messages a mailbox has to get from the database, by wishes as if all wished.
  std::vector<Wish> needs() const;

 private:
  struct Held {
    model::SharedMessage message;
    bool is_stored = true;  // false: no database will have it
  };
  struct Mailbox {
    MailboxSettings settings;
    std::uint64_t cursor = 0;
    std::uint64_t newest = 0;  // the last message that it is to get
    std::deque<Held> ready;
    std::size_t ready_bytes = 0;
    std::uint64_t unstored = 0;  // of `ready`
    bool has_more = false;       // the database may have messages behind `ready`
    bool is_waiting = false;
    std::uint64_t pending = 0;                     // exact once no messages of a former process are left
    std::chrono::steady_clock::time_point oldest;  // of these
    MailboxState state;
    std::uint64_t next_report = 1;  // of lost messages

    std::uint64_t last_ready() const { return ready.empty() ? cursor : ready.back().message->number; }
    bool wants(const model::Message& message) const;
    bool has_room(const model::Message& message) const;
    void push(const model::SharedMessage& message, bool is_stored);
    Held pop();
    bool holds_unstored(const model::Message& message) const;
    void subtract(std::uint64_t messages);
    Wish wish() const;
  };
  Mailbox restore(const std::string& name) const;
  void begin_anew(Mailbox& mailbox);
  bool is_held_unstored(const model::Message& message) const;
  void lose(Mailbox& mailbox, std::uint64_t messages, const std::string& why);

  const std::function<void(const std::string&)> on_loss_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Mailbox> mailboxes_;
  Cursors restored_;
  std::map<std::string, Backlog> backlogs_;  // of those
  std::uint64_t last_number_ = 0;
  std::uint64_t handled_ = 0;
  std::uint64_t added_ = 0;  // up to this message each mailbox holds, or has got, what it wants
  std::uint64_t wakes_ = 0;
  bool has_store_ = false;
};

}  // namespace dropwarden::store
