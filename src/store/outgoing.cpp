// SPDX-License-Identifier: Apache-2.0
#include "outgoing.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace dropwarden::store {

std::chrono::steady_clock::time_point waiting_since(util::WallTime time) {
  const auto age = std::chrono::system_clock::now() - time;
  // A wall clock that was set back does not make anything come from the future.
  return std::chrono::steady_clock::now() -
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(
             std::max<std::chrono::nanoseconds>(age, std::chrono::nanoseconds::zero()));
}

bool Outgoing::Mailbox::wants(const model::Message& message) const {
  return settings.encoding == message.encoding && (message.is_first || settings.has_revisions);
}

bool Outgoing::Mailbox::has_room(const model::Message& message) const {
  return ready.size() < settings.queue && ready_bytes + message.body.size() <= max_mailbox_bytes;
}

void Outgoing::Mailbox::push(const model::SharedMessage& message, bool is_stored) {
  ready.push_back({.message = message, .is_stored = is_stored});
  ready_bytes += message->body.size();
  if (!is_stored) ++unstored;
}

Outgoing::Held Outgoing::Mailbox::pop() {
  Held held = std::move(ready.front());
  ready.pop_front();
  ready_bytes -= held.message->body.size();
  if (!held.is_stored) --unstored;
  subtract(1);
  return held;
}

// In whatever encoding.
bool Outgoing::Mailbox::holds_unstored(const model::Message& message) const {
  if (unstored == 0) return false;
  return std::ranges::any_of(ready, [&](const Held& held) {
    return !held.is_stored && held.message->revision == message.revision && held.message->id == message.id;
  });
}

void Outgoing::Mailbox::subtract(std::uint64_t messages) {
  pending -= std::min(pending, messages);
}

Wish Outgoing::Mailbox::wish() const {
  return {.mailbox = settings.name,
          .encoding = settings.encoding,
          .has_revisions = settings.has_revisions,
          .after = last_ready(),
          .max_messages = std::min(max_refill, settings.queue - std::min(settings.queue, ready.size())),
          .max_bytes = max_mailbox_bytes - std::min(max_mailbox_bytes, ready_bytes)};
}

void Outgoing::restore(Cursors cursors, std::uint64_t last_number, std::map<std::string, Backlog> backlogs) {
  const std::lock_guard lock(mutex_);
  restored_ = std::move(cursors);
  backlogs_ = std::move(backlogs);
  last_number_ = handled_ = added_ = last_number;
}

std::vector<std::string> Outgoing::open(std::vector<MailboxSettings> mailboxes, bool has_store) {
  const std::lock_guard lock(mutex_);
  has_store_ = has_store;
  std::map<std::string, Mailbox> before = std::exchange(mailboxes_, {});
  for (MailboxSettings& settings : mailboxes) {
    const std::string name = settings.name;
    const auto known = before.find(name);
    Mailbox mailbox = known != before.end() ? std::move(known->second) : restore(name);
    const bool is_same = mailbox.settings.encoding == settings.encoding;
    mailbox.settings = std::move(settings);
    if (!is_same) begin_anew(mailbox);
    restored_.erase(name);
    mailboxes_.emplace(name, std::move(mailbox));
  }
  std::vector<std::string> gone;
  for (const auto& [name, mailbox] : before) gone.push_back(name);
  for (const auto& [name, cursor] : restored_) gone.push_back(name);
  restored_.clear();
  std::erase_if(gone, [&](const std::string& name) { return mailboxes_.contains(name); });
  return gone;
}

// As the database knew it; one that it did not know has no encoding yet.
Outgoing::Mailbox Outgoing::restore(const std::string& name) const {
  Mailbox mailbox;
  mailbox.state.name = name;
  const auto stored = restored_.find(name);
  if (!has_store_ || stored == restored_.end()) return mailbox;
  mailbox.settings.encoding = stored->second.encoding;
  mailbox.cursor = stored->second.number;
  mailbox.newest = last_number_;
  mailbox.has_more = true;
  if (const auto backlog = backlogs_.find(name); backlog != backlogs_.end()) {
    mailbox.pending = backlog->second.messages;
    mailbox.oldest = waiting_since(backlog->second.oldest);
  }
  return mailbox;
}

// With the next message: what waits is in a form of which nobody makes another.
void Outgoing::begin_anew(Mailbox& mailbox) {
  const std::uint64_t lost = mailbox.pending;
  Mailbox anew;
  anew.settings = std::move(mailbox.settings);
  anew.state = std::move(mailbox.state);
  anew.cursor = anew.newest = last_number_;
  mailbox = std::move(anew);
  if (lost > 0) lose(mailbox, lost, "its format was changed");
}

std::uint64_t Outgoing::next_number() {
  const std::lock_guard lock(mutex_);
  return ++last_number_;
}

bool Outgoing::is_wanted(const model::Message& message) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(mailboxes_, [&](const auto& entry) { return entry.second.wants(message); });
}

Outbox::Added Outgoing::add(const model::SharedMessage& message, bool is_stored) {
  const std::lock_guard lock(mutex_);
  Outbox::Added added;
  for (auto& [name, mailbox] : mailboxes_) {
    if (!mailbox.wants(*message)) continue;
    if (!mailbox.has_more && mailbox.has_room(*message)) {
      mailbox.push(message, is_stored);
    } else if (is_stored) {
      mailbox.has_more = true;
    } else {
      ++added.lost;
      lose(mailbox, 1, "its queue is full");
      continue;
    }
    ++added.takers;
    if (mailbox.pending++ == 0) mailbox.oldest = message->since;
    mailbox.newest = message->number;
  }
  added_ = message->number;
  changed_.notify_all();
  return added;
}

std::vector<model::SharedMessage> Outgoing::take(const std::string& name, std::size_t max,
                                                 std::size_t max_bytes,
                                                 std::chrono::steady_clock::time_point until,
                                                 const std::function<void()>& ask_for_more) {
  std::unique_lock lock(mutex_);
  const std::uint64_t wakes = wakes_;
  bool has_asked = false;
  while (true) {
    const auto found = mailboxes_.find(name);
    if (found == mailboxes_.end()) return {};
    Mailbox& mailbox = found->second;
    if (!mailbox.ready.empty()) {
      std::vector<model::SharedMessage> messages;
      std::size_t bytes = 0;
      for (const Held& held : mailbox.ready) {
        bytes += held.message->body.size();
        if (messages.size() == max || (!messages.empty() && bytes > max_bytes)) break;
        messages.push_back(held.message);
      }
      return messages;
    }
    if (wakes != wakes_) return {};
    if (mailbox.has_more && !has_asked) {
      has_asked = mailbox.is_waiting = true;
      lock.unlock();
      ask_for_more();
      lock.lock();
      continue;
    }
    if (changed_.wait_until(lock, until) == std::cv_status::timeout) return {};
  }
}

std::optional<Outgoing::Confirmed> Outgoing::confirm(const std::string& name, std::uint64_t number,
                                                     Outbox::Outcome outcome) {
  const std::lock_guard lock(mutex_);
  const auto found = mailboxes_.find(name);
  if (found == mailboxes_.end()) return std::nullopt;
  Mailbox& mailbox = found->second;
  Confirmed confirmed;
  while (!mailbox.ready.empty() && mailbox.ready.front().message->number <= number) {
    const Held held = mailbox.pop();
    ++(outcome == Outbox::Outcome::delivered ? mailbox.state.delivered : mailbox.state.refused);
    const bool is_told = has_store_ && !held.is_stored && !is_held_unstored(*held.message);
    if (is_told) confirmed.told.push_back(held.message);
  }
  if (!mailbox.ready.empty()) mailbox.oldest = mailbox.ready.front().message->since;
  mailbox.cursor = std::max(mailbox.cursor, number);
  confirmed.cursor = {.encoding = mailbox.settings.encoding, .number = mailbox.cursor};
  return confirmed;
}

bool Outgoing::is_held_unstored(const model::Message& message) const {
  return std::ranges::any_of(mailboxes_,
                             [&](const auto& entry) { return entry.second.holds_unstored(message); });
}

void Outgoing::wake() {
  const std::lock_guard lock(mutex_);
  ++wakes_;
  changed_.notify_all();
}

std::vector<MailboxState> Outgoing::states() const {
  const std::lock_guard lock(mutex_);
  std::vector<MailboxState> states;
  for (const auto& [name, mailbox] : mailboxes_) {
    MailboxState& state = states.emplace_back(mailbox.state);
    state.pending = mailbox.pending;
    state.unstored = mailbox.unstored;
    if (state.pending > 0)
      state.lag =
          std::chrono::floor<std::chrono::milliseconds>(std::chrono::steady_clock::now() - mailbox.oldest);
  }
  return states;
}

Cursors Outgoing::cursors() const {
  const std::lock_guard lock(mutex_);
  Cursors cursors;
  for (const auto& [name, mailbox] : mailboxes_) {
    // What it did not want is not waited for.
    const bool has_all = mailbox.ready.empty() && !mailbox.has_more;
    cursors[name] = {.encoding = mailbox.settings.encoding,
                     .number = has_all ? std::max(mailbox.cursor, added_) : mailbox.cursor};
  }
  return cursors;
}

std::vector<Wish> Outgoing::wishes() const {
  const std::lock_guard lock(mutex_);
  std::vector<Wish> wishes;
  for (const auto& [name, mailbox] : mailboxes_) {
    if (mailbox.is_waiting && mailbox.has_more && mailbox.ready.empty()) wishes.push_back(mailbox.wish());
  }
  return wishes;
}

void Outgoing::fill(const Wish& wish, const Refill& refill) {
  const std::lock_guard lock(mutex_);
  const auto found = mailboxes_.find(wish.mailbox);
  if (found == mailboxes_.end()) return;
  Mailbox& mailbox = found->second;
  if (mailbox.last_ready() != wish.after || mailbox.settings.encoding != wish.encoding) return;
  // What came since the query is not in the database yet, as long as it is not handled.
  const bool is_all = !refill.is_cut && mailbox.newest <= handled_;
  for (const model::SharedMessage& message : refill.messages) mailbox.push(message, true);
  mailbox.has_more = !is_all;
  if (is_all) mailbox.pending = mailbox.ready.size();
  if (!mailbox.ready.empty()) mailbox.oldest = mailbox.ready.front().message->since;
  mailbox.is_waiting = mailbox.has_more && mailbox.ready.empty();
  changed_.notify_all();
}

void Outgoing::lose_stored() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, mailbox] : mailboxes_) {
    // What the writer has not committed yet is among it, and will be in the new one: that is counted too
    // often rather than not at all.
    for (Held& held : mailbox.ready) held.is_stored = false;
    mailbox.unstored = mailbox.ready.size();
    if (!mailbox.has_more) continue;
    mailbox.pending = mailbox.ready.size();
    lose(mailbox, 1, "or more: what waited in the damaged database");
  }
}

void Outgoing::set_handled(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  handled_ = std::max(handled_, number);
}

void Outgoing::count_lost(const std::string& name, std::uint64_t messages, const std::string& why) {
  const std::lock_guard lock(mutex_);
  const auto found = mailboxes_.find(name);
  if (found == mailboxes_.end()) return;
  found->second.subtract(messages);
  lose(found->second, messages, why);
}

std::vector<Wish> Outgoing::needs() const {
  const std::lock_guard lock(mutex_);
  std::vector<Wish> needs;
  for (const auto& [name, mailbox] : mailboxes_) needs.push_back(mailbox.wish());
  return needs;
}

// Said at the first and then at each doubling: a receiver that is away for long loses one after the other.
void Outgoing::lose(Mailbox& mailbox, std::uint64_t messages, const std::string& why) {
  mailbox.state.lost += messages;
  if (mailbox.state.lost < mailbox.next_report) return;
  mailbox.next_report = 2 * mailbox.state.lost;
  on_loss_(
      fmt::format("output {}: {} findings are lost: {}", mailbox.settings.name, mailbox.state.lost, why));
}

}  // namespace dropwarden::store
