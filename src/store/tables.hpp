// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dropwarden/store/finding.hpp"
#include "dropwarden/store/store.hpp"
#include "dropwarden/store/sync_state.hpp"

#include "batch.hpp"
#include "database.hpp"
#include "outbox_table.hpp"

namespace dropwarden::store {

// The tables of one open database, read and written. All members throw DatabaseError. One thread at a time.
class Tables {
 public:
  // Opens or makes the database of `settings.path`, and its tables; ForeignDatabase as prepare_schema.
  explicit Tables(const Settings& settings);

  // The newest that were told, the least recently seen first.
  std::vector<KnownFinding> read_known_findings();
  std::vector<UnfinishedFinding> read_unfinished_findings();
  std::vector<HeldBack> read_held_back();
  std::vector<SyncState> read_sync_states();
  std::optional<LastRun> read_last_run();
  // Looks at every page, as far as that takes no more than some seconds. False: damaged.
  bool is_sound();

  // From now on it has not ended cleanly.
  void begin_run(util::WallTime now);
  // All of it in one transaction, or nothing. `outgoing` may be null; it is told what it has lost.
  void commit(const Batch& batch, Outgoing* outgoing = nullptr);
  OutboxTable& outbox() { return *outbox_; }

 private:
  void write(const StoredFinding& finding, unsigned told);
  void write(std::string_view id, const Batch::Sighting& sighting);
  bool write_told(const std::string& id, unsigned revision);
  void write(const SyncState& state);
  void write_unwanted(const Batch& batch);
  void write_run(util::WallTime alive_at, bool is_clean_end);
  std::map<std::string, std::uint64_t> write_outgoing(const Batch& batch, const Outgoing& outgoing);
  std::int64_t workload_of(const StoredFinding& finding);
  void prune_by_age(util::WallTime now);
  void prune_by_count();
  void prune_by_size();
  void remove_findings(std::size_t count);
  std::uint64_t used_bytes();
  void shrink();

  const Settings settings_;
  Database database_;
  struct Prepared {
    explicit Prepared(Database& database);
    Statement finding, workload, record, sighting, told, unwanted, state, remove_states, run;
  };
  std::optional<Prepared> prepared_;
  std::optional<OutboxTable> outbox_;
  std::size_t findings_ = 0;  // rows, by and by
  std::size_t records_ = 0;
  std::int64_t last_change_ = 0;
  std::uint64_t page_bytes_ = 0;
  // What an output wrote of a finding whose row comes with the next commit, as the two are on their way at
  // once.
  std::map<std::string, unsigned> told_early_;
  std::unordered_map<std::string, std::int64_t> workloads_;  // by all that a workload is known by
};

}  // namespace dropwarden::store
