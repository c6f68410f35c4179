// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "dropwarden/store/finding.hpp"
#include "dropwarden/store/store.hpp"
#include "dropwarden/store/sync_state.hpp"

#include "batch.hpp"
#include "database.hpp"

namespace dropwarden::store {

// The tables of one open database, read and written. All members throw DatabaseError. One thread at a time.
class Tables {
 public:
  // Opens or makes the database of `settings.path`, and its tables; ForeignDatabase as prepare_schema.
  explicit Tables(const Settings& settings);

  // The newest that were told, the least recently seen first.
  std::vector<KnownFinding> read_known_findings();
  std::vector<UnfinishedFinding> read_unfinished_findings();
  std::vector<SyncState> read_sync_states();
  std::optional<LastRun> read_last_run();
  // Looks at every page, as far as that takes no more than some seconds. False: damaged.
  bool is_sound();

  // From now on it has not ended cleanly.
  void begin_run(util::WallTime now);
  // All of it in one transaction, or nothing.
  void commit(const Batch& batch);

 private:
  void write(const StoredFinding& finding);
  void write(std::string_view id, const Batch::Sighting& sighting);
  void write_told(std::string_view id, unsigned revision);
  void write(const SyncState& state);
  void write_run(util::WallTime alive_at, bool is_clean_end);
  void prune();

  const Settings settings_;
  Database database_;
  struct Prepared {
    explicit Prepared(Database& database);
    Statement finding, record, sighting, told, state, remove_states, run;
  };
  std::optional<Prepared> prepared_;
  std::size_t findings_ = 0;  // rows, by and by
  std::size_t records_ = 0;
};

}  // namespace dropwarden::store
