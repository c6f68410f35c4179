// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/store/outbox.hpp"

#include <utility>

#include "outgoing.hpp"

namespace dropwarden::store {

Outbox::Outbox(Store* store, std::function<void(const std::string&)> on_loss)
    : outgoing_(std::make_shared<Outgoing>(std::move(on_loss))), store_(store) {
  if (store_ != nullptr) store_->attach(outgoing_);
}

// The writer keeps its share: what was added last may not be committed yet.
Outbox::~Outbox() = default;

void Outbox::open(std::vector<MailboxSettings> mailboxes) {
  const auto gone = outgoing_->open(std::move(mailboxes), store_ != nullptr);
  if (store_ == nullptr) return;
  for (const std::string& name : gone) store_->remove_cursor(name);
  // A new one is known from now on: what comes after a kill is its.
  for (const auto& [name, cursor] : outgoing_->cursors()) store_->save(name, cursor);
}

Outbox::Added Outbox::add(model::Message message) {
  if (!outgoing_->is_wanted(message)) return {};
  message.number = outgoing_->next_number();
  message.since = std::chrono::steady_clock::now();
  const auto shared = std::make_shared<const model::Message>(std::move(message));
  // Stored first: by the time it is in no memory any more, the writer has it.
  const bool is_stored = store_ != nullptr && store_->save(shared);
  Added added = outgoing_->add(shared, is_stored);
  added.is_stored = is_stored || store_ == nullptr || added.takers == 0;
  return added;
}

std::vector<model::SharedMessage> Outbox::take(const std::string& mailbox, std::size_t max,
                                               std::size_t max_bytes,
                                               std::chrono::steady_clock::time_point until) {
  return outgoing_->take(mailbox, max, max_bytes, until, [this] {
    if (store_ != nullptr) store_->refill();
  });
}

void Outbox::confirm(const std::string& mailbox, std::uint64_t number, Outcome outcome) {
  const auto confirmed = outgoing_->confirm(mailbox, number, outcome);
  if (!confirmed || store_ == nullptr) return;
  store_->save(mailbox, confirmed->cursor);
  for (const auto& message : confirmed->told) store_->set_told(message->id, message->revision);
}

void Outbox::wake() {
  outgoing_->wake();
}

std::vector<MailboxState> Outbox::states() const {
  return outgoing_->states();
}

}  // namespace dropwarden::store
