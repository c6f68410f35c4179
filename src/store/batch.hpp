// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dropwarden/store/finding.hpp"
#include "dropwarden/store/sync_state.hpp"

#include "outgoing.hpp"

namespace dropwarden::store {

// What is to be committed at once. Of what is saved twice the later replaces the earlier, so that a disk that
// does not take it for a while costs no more memory than there are things. Bounded: what does not fit is
// dropped, and counted. One thread at a time.
class Batch {
 public:
  struct Sighting {
    std::uint64_t count = 0;
    util::WallTime seen{};
    std::string path;  // escaped; empty: as before
  };
  using StateKey = std::pair<std::string, std::string>;  // container, mount

  void save(StoredFinding finding);
  void count(const std::string& id, Sighting sighting);
  void set_told(const std::string& id, unsigned revision);
  void save(SyncState state);
  void remove_sync_states(const std::string& container);
  // False when there is no room for it, beside `taken` bytes of messages that wait elsewhere.
  bool save(model::SharedMessage message, std::size_t taken = 0);
  void save(const std::string& mailbox, const Cursor& cursor);
  void remove_cursor(const std::string& mailbox);
  void keep_alive(util::WallTime now) { alive_at_ = now; }
  void end_cleanly(util::WallTime now);
  // What was saved after all that is here. All of its messages stay: they had found room when they were
  // saved, and may count as told by now.
  void add(Batch later);

  bool is_empty() const;
  std::uint64_t dropped() const { return dropped_; }

  // In the order in which the newest records were saved.
  const std::map<std::uint64_t, StoredFinding>& findings() const { return findings_; }
  bool has_finding(const std::string& id) const { return findings_by_id_.contains(id); }
  const std::unordered_map<std::string, Sighting>& sightings() const { return sightings_; }
  const std::unordered_map<std::string, unsigned>& told() const { return told_; }
  // The revision that was told of this finding; 0 where none was.
  unsigned told_of(const std::string& id) const {
    const auto known = told_.find(id);
    return known == told_.end() ? 0 : known->second;
  }
  // Removed before the states are saved.
  const std::set<std::string>& removed_containers() const { return removed_containers_; }
  const std::map<StateKey, SyncState>& states() const { return states_; }
  const std::vector<model::SharedMessage>& messages() const { return messages_; }
  const Cursors& cursors() const { return cursors_; }
  const std::set<std::string>& removed_cursors() const { return removed_cursors_; }
  std::size_t message_bytes() const { return message_bytes_; }
  // The newest message that was saved, also of those that found no room.
  std::uint64_t last_message() const { return last_message_; }
  const std::optional<util::WallTime>& alive_at() const { return alive_at_; }
  bool is_clean_end() const { return is_clean_end_; }

  // Whole records of findings are by far the most of it.
  static constexpr std::size_t max_record_bytes = std::size_t{8} << 20U;
  static constexpr std::size_t max_entries = 65536;  // of each kind

 private:
  std::map<std::uint64_t, StoredFinding> findings_;
  std::unordered_map<std::string, std::uint64_t> findings_by_id_;
  std::uint64_t last_finding_ = 0;
  std::unordered_map<std::string, Sighting> sightings_;
  std::unordered_map<std::string, unsigned> told_;
  std::set<std::string> removed_containers_;
  std::map<StateKey, SyncState> states_;
  std::vector<model::SharedMessage> messages_;
  std::size_t message_bytes_ = 0;
  std::uint64_t last_message_ = 0;
  Cursors cursors_;
  std::set<std::string> removed_cursors_;
  std::optional<util::WallTime> alive_at_;
  bool is_clean_end_ = false;
  std::size_t record_bytes_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace dropwarden::store
