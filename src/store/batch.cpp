// SPDX-License-Identifier: Apache-2.0
#include "batch.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dropwarden::store {

void Batch::save(StoredFinding finding) {
  const auto order = findings_by_id_.find(finding.id);
  const auto known = order == findings_by_id_.end() ? findings_.end() : findings_.find(order->second);
  const std::size_t replaced = known == findings_.end() ? 0 : known->second.record.size();
  const std::size_t bytes = record_bytes_ - replaced + finding.record.size();
  if (bytes > max_record_bytes || (known == findings_.end() && findings_.size() >= max_entries)) {
    ++dropped_;
    return;
  }
  record_bytes_ = bytes;
  if (known != findings_.end()) {
    // The row says when it was first seen.
    finding.seen = std::min(finding.seen, known->second.seen);
    findings_.erase(known);
  }
  findings_by_id_.insert_or_assign(finding.id, ++last_finding_);
  findings_.emplace_hint(findings_.end(), last_finding_, std::move(finding));
}

void Batch::count(const std::string& id, Sighting sighting) {
  const auto known = sightings_.find(id);
  if (known == sightings_.end()) {
    if (sightings_.size() >= max_entries)
      ++dropped_;
    else
      sightings_.emplace(id, std::move(sighting));
    return;
  }
  known->second.count += sighting.count;
  known->second.seen = std::max(known->second.seen, sighting.seen);
  if (!sighting.path.empty()) known->second.path = std::move(sighting.path);
}

void Batch::set_told(const std::string& id, unsigned revision) {
  const auto known = told_.find(id);
  if (known != told_.end())
    known->second = std::max(known->second, revision);
  else if (told_.size() >= max_entries)
    ++dropped_;
  else
    told_.emplace(id, revision);
}

void Batch::save(SyncState state) {
  StateKey key{state.container, state.mount};
  if (states_.size() >= max_entries && !states_.contains(key))
    ++dropped_;
  else
    states_.insert_or_assign(std::move(key), std::move(state));
}

void Batch::remove_sync_states(const std::string& container) {
  std::erase_if(states_, [&](const auto& entry) { return entry.first.first == container; });
  if (removed_containers_.size() >= max_entries)
    ++dropped_;
  else
    removed_containers_.insert(container);
}

bool Batch::save(model::SharedMessage message, std::size_t taken) {
  last_message_ = std::max(last_message_, message->number);
  const std::size_t bytes = taken + message_bytes_ + message->body.size();
  if (bytes > max_record_bytes || messages_.size() >= max_entries) return false;
  message_bytes_ += message->body.size();
  messages_.push_back(std::move(message));
  return true;
}

void Batch::save(const std::string& mailbox, const Cursor& cursor) {
  removed_cursors_.erase(mailbox);
  cursors_.insert_or_assign(mailbox, cursor);
}

void Batch::remove_cursor(const std::string& mailbox) {
  cursors_.erase(mailbox);
  removed_cursors_.insert(mailbox);
}

void Batch::end_cleanly(util::WallTime now) {
  alive_at_ = now;
  is_clean_end_ = true;
}

void Batch::add(Batch later) {
  dropped_ += later.dropped_;
  for (const std::string& container : later.removed_containers_) remove_sync_states(container);
  for (auto& [order, finding] : later.findings_) save(std::move(finding));
  for (auto& [id, sighting] : later.sightings_) count(id, std::move(sighting));
  for (const auto& [id, revision] : later.told_) set_told(id, revision);
  for (auto& [key, state] : later.states_) save(std::move(state));
  for (const std::string& mailbox : later.removed_cursors_) remove_cursor(mailbox);
  for (const auto& [mailbox, cursor] : later.cursors_) save(mailbox, cursor);
  last_message_ = std::max(last_message_, later.last_message_);
  if (later.alive_at_) alive_at_ = later.alive_at_;
  is_clean_end_ = is_clean_end_ || later.is_clean_end_;
  std::ranges::move(later.messages_, std::back_inserter(messages_));
  message_bytes_ += later.message_bytes_;
}

bool Batch::is_empty() const {
  return findings_.empty() && sightings_.empty() && told_.empty() && removed_containers_.empty() &&
         states_.empty() && messages_.empty() && cursors_.empty() && removed_cursors_.empty() && !alive_at_ &&
         dropped_ == 0;
}

}  // namespace dropwarden::store
