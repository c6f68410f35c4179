// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "dropwarden/model/message.hpp"
#include "dropwarden/store/finding.hpp"
#include "dropwarden/store/sync_state.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::store {

// When the database is forced to its disk (PRAGMA synchronous, https://sqlite.org/pragma.html). That a
// process is killed costs nothing with any of them.
enum class Fsync {
  normal,  // at checkpoints: a power failure takes the last minutes back, and leaves a sound database
  full,    // at each commit
  off,     // never: a power failure may damage the database
};

struct Settings {
  std::string path;  // absolute; its directory is made (0700) where it is missing, but not the parents
  Fsync fsync = Fsync::normal;
  // The least recently seen beyond these are removed.
  std::size_t max_findings = 100'000;
  std::chrono::milliseconds max_age{std::chrono::hours{24 * 90}};  // since a finding was seen last; 0: any
  // Bytes of the database without its log. Beyond it first the whole records of the oldest are removed, and
  // rows when no records are left.
  std::uint64_t max_size = std::uint64_t{256} << 20U;
  // Of the messages that wait for outputs the oldest beyond these are removed, and counted as lost.
  std::uint64_t max_undelivered_bytes = std::uint64_t{64} << 20U;
};

// As many findings as are known again after a restart, those that were seen last.
inline constexpr std::size_t max_known_findings = 100'000;

// There can be no store: `what()` says why and what to do.
class CannotOpen : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Outgoing;
struct Cursor;

// What the daemon knows beyond its own end: findings and how far containers were looked at, in a SQLite
// database with a write-ahead log. What is saved is committed by a thread of its own within 100 ms or, while
// the disk does not take it, later: nothing here waits for a disk, save construction and `finish`. What waits
// is bounded; beyond, what is saved is dropped and reported: such a finding is unknown after a restart. Any
// thread may save.
//
// A database that is damaged, when it is opened or later, is set aside (renamed, with the time in its name;
// the two newest are kept), reported, and a new one is begun with what is saved from then on.
class Store {
 public:
  struct Report {
    bool is_degraded = true;  // false: what was reported before is over
    std::string text;
  };
  // `on_report` is called by the constructor and from the writer's thread, once for each thing that goes
  // wrong, not each time.
  using OnReport = std::function<void(const Report&)>;

  // Opens or makes the database and loads it. Throws CannotOpen when it cannot be written, belongs to another
  // process or to another program, or was made by a newer dropwarden.
  Store(Settings settings, OnReport on_report);
  // Commits what can be committed.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // As they were when the store was opened. Findings that were told, the least recently seen first; those
  // that no output has written are not known. They are handed over: a second call returns none.
  std::vector<KnownFinding> take_known_findings();
  // Those of which an output has yet to write the last record, as far as whole records are kept: the oldest
  // first. No summaries, which are made anew of what is held back. They are handed over.
  std::vector<UnfinishedFinding> take_unfinished_findings();
  // One of them is told by now: `take_known_findings` gives it, too.
  void know(const KnownFinding& finding);
  // Handed over likewise.
  std::vector<HeldBack> take_held_back();
  std::vector<SyncState> load_sync_states() const;
  // Nothing: the store is new.
  const std::optional<LastRun>& last_run() const;

  // A new finding, or a further record of it.
  void save(StoredFinding finding);
  // A known finding was seen again, by now at `path` (escaped) where that is not empty.
  void count(const std::string& id, util::WallTime seen, std::string path = {});
  // The outputs have written this revision.
  void set_told(const std::string& id, unsigned revision);

  void save(SyncState state);
  // The container is gone: forgets its states.
  void remove_sync_states(const std::string& container);

  // The daemon watches at this time.
  void keep_alive(util::WallTime now);
  // It ends at this time by itself, and everything was told.
  void end_cleanly(util::WallTime now);
  // Commits what can be committed and ends the thread: nothing is saved after that. One thread, once or more.
  void finish();

 private:
  // The outbox keeps its messages here: see dropwarden/store/outbox.hpp.
  friend class Outbox;
  void attach(std::shared_ptr<Outgoing> outgoing);
  bool save(model::SharedMessage message);
  void save(const std::string& mailbox, const Cursor& cursor);
  void remove_cursor(const std::string& mailbox);
  void refill();

  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dropwarden::store
