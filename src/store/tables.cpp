// SPDX-License-Identifier: Apache-2.0
#include "tables.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <sqlite3.h>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "dropwarden/util/encode.hpp"
#include "dropwarden/util/text.hpp"

#include "schema.hpp"

namespace dropwarden::store {
namespace {

// How many rows there may be beyond the limit before some are removed: it takes a look at all of them.
constexpr std::size_t slack_divisor = 16;
// As many lines as an output takes at once, about; what is beyond is told when its file is seen again.
constexpr std::int64_t max_unfinished = 4096;
// As much is read through in some seconds, within which what is saved fits into a batch.
constexpr std::int64_t most_at_once = 8192;  // rows that one commit removes
constexpr std::size_t max_workloads = 4096;  // of which the number is at hand
constexpr std::int64_t max_checked_bytes = std::int64_t{256} << 20U;

// A finding of no file: what was held back.
constexpr const char* summary_rows = "(kind = '' AND inode = 0)";

std::int64_t to_number(util::WallTime time) {
  return time.time_since_epoch().count();
}

util::WallTime to_time(std::int64_t number) {
  return util::WallTime{std::chrono::nanoseconds{number}};
}

Digest to_digest(std::span<const std::byte> bytes) {
  Digest digest{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), digest.size()), digest.begin());
  return digest;
}

std::optional<Digest> parse_id(std::string_view id) {
  Digest digest{};
  if (id.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const auto byte = util::parse_number<unsigned char>(id.substr(2 * i, 2), 16);
    if (!byte) return std::nullopt;
    digest[i] = std::byte{*byte};
  }
  return digest;
}

}  // namespace

Tables::Prepared::Prepared(Database& database)
    // Told again by a daemon that does not know it, it is one more sighting; it stays what some output has
    // been told.
    : finding(database.handle(), R"sql(
INSERT INTO finding(id, place, content, container, file_system, inode, size, mtime, sha256, path, path_state, mode,
                    detected_by, revision, is_final, first_seen, last_seen, workload, kind, severity, decision, change,
                    exception, told)
VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)
ON CONFLICT(id) DO UPDATE SET
  place = ?2, content = ?3, container = ?4, file_system = ?5, inode = ?6, size = ?7, mtime = ?8, sha256 = ?9,
  path = ?10, path_state = ?11, mode = ?12, detected_by = ?13, revision = ?14, is_final = ?15,
  last_seen = max(last_seen, ?16), count = count + (?14 = 1),
  workload = ?17, kind = ?18, severity = ?19, decision = ?20, change = ?21, exception = ?22,
  told = max(told, ?23)
RETURNING seq)sql"),
      workload(database.handle(), R"sql(
INSERT INTO workload(container, name, image, pod, namespace) VALUES(?1, ?2, ?3, ?4, ?5)
ON CONFLICT DO UPDATE SET container = container RETURNING number)sql"),
      record(database.handle(), "INSERT OR REPLACE INTO record(seq, json) VALUES(?1, ?2)"),
      sighting(database.handle(), R"sql(
UPDATE finding SET count = count + ?2, last_seen = max(last_seen, ?3), path = coalesce(?4, path) WHERE id = ?1)sql"),
      told(database.handle(), "UPDATE finding SET told = max(told, ?2) WHERE id = ?1"),
      unwanted(database.handle(), "UPDATE finding SET told = max(told, ?2) WHERE id = ?1 AND told > 0"),
      state(database.handle(), R"sql(
INSERT OR REPLACE INTO sync_state(container, mount, synced_until, reasons, updated, told_from,
                                  written_from)
VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7))sql"),
      remove_states(database.handle(), "DELETE FROM sync_state WHERE container = ?1"),
      run(database.handle(), "INSERT OR REPLACE INTO run(only, alive_at, is_clean_end) VALUES(1, ?1, ?2)") {}

std::uint32_t path_hash(std::string_view path) {
  return static_cast<std::uint32_t>(std::hash<std::string_view>{}(path)) | 1U;
}

Tables::Tables(const Settings& settings) : settings_(settings), database_(settings.path) {
  prepare_schema(database_, settings.fsync);
  prepared_.emplace(database_);
  outbox_.emplace(database_);
  findings_ = static_cast<std::size_t>(database_.read_number("SELECT count(*) FROM finding"));
  records_ = static_cast<std::size_t>(database_.read_number("SELECT count(*) FROM record"));
  last_change_ = database_.read_number("SELECT max(change) FROM finding");
  page_bytes_ = static_cast<std::uint64_t>(database_.read_number("PRAGMA page_size"));
}

std::vector<KnownFinding> Tables::read_known_findings() {
  // What was told and is not finished is told at the start, with a number of its own where it is still open.
  Statement statement(database_.handle(), R"sql(
SELECT id, place, content, max(told, revision + (told > 0 AND NOT is_final)), path,
       iif(told > 0, 'shown', decision), exception
FROM finding WHERE told > 0 OR decision <> 'shown'
ORDER BY last_seen DESC, seq DESC LIMIT ?1)sql");
  statement.bind(1, static_cast<std::int64_t>(std::min(settings_.max_findings, max_known_findings)));
  std::vector<KnownFinding> known;
  while (statement.step()) {
    const auto id = parse_id(statement.text(0));
    if (!id) continue;
    known.push_back({.id = *id,
                     .place = to_digest(statement.bytes(1)),
                     .content = to_digest(statement.bytes(2)),
                     .told = static_cast<unsigned>(statement.number(3)),
                     .path = path_hash(statement.text(4)),
                     .decision = std::string(statement.text(5)),
                     .exception = std::string(statement.text(6))});
  }
  std::ranges::reverse(known);
  return known;
}

std::vector<UnfinishedFinding> Tables::read_unfinished_findings() {
  // A record that was told beyond the newest that is stored said that nothing more comes. What the policy did
  // not show is not told now either. CROSS JOIN: by the rows, which are short, and not by the records.
  Statement statement(database_.handle(), fmt::format(R"sql(
SELECT id, place, content, told, revision, is_final, json, path FROM finding CROSS JOIN record USING(seq)
WHERE (told < revision OR (told = revision AND NOT is_final)) AND (told > 0 OR decision = 'shown') AND NOT {}
ORDER BY seq DESC LIMIT ?1)sql",
                                                      summary_rows));
  statement.bind(1, max_unfinished);
  std::vector<UnfinishedFinding> unfinished;
  while (statement.step()) {
    const auto id = parse_id(statement.text(0));
    if (!id) continue;
    unfinished.push_back({.id = std::string(statement.text(0)),
                          .known = {.id = *id,
                                    .place = to_digest(statement.bytes(1)),
                                    .content = to_digest(statement.bytes(2)),
                                    .told = static_cast<unsigned>(statement.number(3)),
                                    .path = path_hash(statement.text(7)),
                                    .decision = "shown",
                                    .exception = {}},
                          .revision = static_cast<unsigned>(statement.number(4)),
                          .is_final = statement.number(5) != 0,
                          .record = std::string(statement.text(6))});
  }
  std::ranges::reverse(unfinished);
  return unfinished;
}

// By the order in which records were stored, not by times, which are those of the events: what was held back
// after a summary may have been written before it.
std::vector<HeldBack> Tables::read_held_back() {
  Statement statement(database_.handle(), fmt::format(R"sql(
WITH summary AS (
  SELECT container, severity, max(change) AS change FROM finding WHERE {} AND told > 0 GROUP BY container, severity)
SELECT finding.container, name, image, pod, namespace, finding.severity, count(*), max(finding.change)
FROM finding
LEFT JOIN workload ON workload.number = finding.workload
LEFT JOIN summary ON summary.container = finding.container AND summary.severity = finding.severity
WHERE decision = 'held_back' AND told = 0 AND finding.change > coalesce(summary.change, 0)
GROUP BY finding.container, finding.severity)sql",
                                                      summary_rows));
  std::vector<HeldBack> held_back;
  while (statement.step()) {
    held_back.push_back({.container = std::string(statement.text(0)),
                         .name = std::string(statement.text(1)),
                         .image = std::string(statement.text(2)),
                         .pod = std::string(statement.text(3)),
                         .name_space = std::string(statement.text(4)),
                         .severity = static_cast<unsigned>(statement.number(5)),
                         .count = static_cast<std::uint64_t>(statement.number(6))});
  }
  return held_back;
}

std::vector<SyncState> Tables::read_sync_states() {
  Statement statement(database_.handle(),
                      "SELECT container, mount, synced_until, reasons, updated, told_from, written_from "
                      "FROM sync_state");
  std::vector<SyncState> states;
  while (statement.step()) {
    states.push_back({.container = std::string(statement.text(0)),
                      .mount = std::string(statement.text(1)),
                      .synced_until = to_time(statement.number(2)),
                      .reasons = std::string(statement.text(3)),
                      .updated = to_time(statement.number(4)),
                      .told_from = to_time(statement.number(5)),
                      .written_from = to_time(statement.number(6))});
  }
  return states;
}

std::optional<LastRun> Tables::read_last_run() {
  Statement statement(database_.handle(), "SELECT alive_at, is_clean_end FROM run");
  if (!statement.step()) return std::nullopt;
  return LastRun{.alive_at = to_time(statement.number(0)), .is_clean_end = statement.number(1) != 0};
}

bool Tables::is_sound() {
  const auto bytes = database_.read_number("PRAGMA page_count") * database_.read_number("PRAGMA page_size");
  return bytes > max_checked_bytes || database_.read_text("PRAGMA quick_check(1)") == "ok";
}

void Tables::begin_run(util::WallTime now) {
  Transaction transaction(database_);
  write_run(now, false);
  transaction.commit();
}

void Tables::commit(const Batch& batch, Outgoing* outgoing) {
  const std::size_t findings = findings_;
  const std::size_t records = records_;
  try {
    Transaction transaction(database_);
    for (const auto& [order, finding] : batch.findings()) write(finding, batch.told_of(finding.id));
    for (const auto& [id, sighting] : batch.sightings()) write(id, sighting);
    for (const auto& [id, revision] : told_early_) write_told(id, revision);
    std::map<std::string, unsigned> told_early;
    for (const auto& [id, revision] : batch.told()) {
      if (!batch.has_finding(id) && !write_told(id, revision)) told_early.emplace(id, revision);
    }
    write_unwanted(batch);
    for (const std::string& container : batch.removed_containers())
      prepared_->remove_states.bind(1, std::string_view(container)).run();
    for (const auto& [key, state] : batch.states()) write(state);
    if (batch.alive_at()) write_run(*batch.alive_at(), batch.is_clean_end());
    std::map<std::string, std::uint64_t> lost;
    if (outgoing != nullptr) lost = write_outgoing(batch, *outgoing);
    if (batch.alive_at()) prune_by_age(*batch.alive_at());
    prune_by_count();
    prune_by_size();
    transaction.commit();
    told_early_ = std::move(told_early);
    for (const auto& [mailbox, messages] : lost)
      outgoing->count_lost(mailbox, messages, "more than store.undelivered waited for it");
  } catch (const DatabaseError&) {
    findings_ = findings;
    records_ = records;
    workloads_.clear();
    throw;
  }
  shrink();
}

// What every mailbox has by now needs no row.
std::map<std::string, std::uint64_t> Tables::write_outgoing(const Batch& batch, const Outgoing& outgoing) {
  const bool is_idle = batch.messages().empty() && batch.cursors().empty() && batch.removed_cursors().empty();
  if (is_idle) return {};
  const Cursors now = outgoing.cursors();
  const auto is_waited_for = [&](const model::Message& message) {
    return std::ranges::any_of(now, [&](const auto& entry) {
      return entry.second.encoding == message.encoding && entry.second.number < message.number;
    });
  };
  for (const auto& message : batch.messages()) {
    if (is_waited_for(*message)) outbox_->write(*message);
  }
  for (const std::string& mailbox : batch.removed_cursors()) outbox_->remove(mailbox);
  for (const auto& [mailbox, cursor] : batch.cursors()) outbox_->write(mailbox, cursor);
  outbox_->remove_delivered(now);
  return outbox_->prune(settings_.max_undelivered_bytes, outgoing.needs());
}

// Mostly it has been told by now: one statement for both.
void Tables::write(const StoredFinding& finding, unsigned told) {
  Statement& row = prepared_->finding;
  row.bind(1, std::string_view(finding.id))
      .bind(2, std::span<const std::byte>(finding.place))
      .bind(3, std::span<const std::byte>(finding.content))
      .bind(4, std::string_view(finding.container))
      .bind(5, std::string_view(finding.file_system))
      .bind(6, static_cast<std::int64_t>(finding.inode))
      .bind(7, static_cast<std::int64_t>(finding.size))
      .bind(8, to_number(finding.modified))
      .bind(10, std::string_view(finding.path))
      .bind(11, std::string_view(finding.path_state))
      .bind(12, std::int64_t{finding.mode})
      .bind(13, std::string_view(finding.detected_by))
      .bind(14, std::int64_t{finding.revision})
      .bind(15, std::int64_t{finding.is_final})
      .bind(16, to_number(finding.seen))
      .bind(17, workload_of(finding))
      .bind(18, std::string_view(finding.kind))
      .bind(19, std::int64_t{finding.severity})
      .bind(20, std::string_view(finding.decision))
      .bind(21, ++last_change_)
      .bind(22, std::string_view(finding.exception))
      .bind(23, std::int64_t{told});
  if (finding.sha256.empty())
    row.bind_null(9);
  else
    row.bind(9, std::string_view(finding.sha256));
  std::int64_t seq = 0;
  while (row.step()) seq = row.number(0);
  prepared_->record.bind(1, seq).bind(2, std::string_view(finding.record)).run();
  ++findings_;
  ++records_;
}

// A container has one number as long as nothing more is learned of it. Those that no finding has any more are
// removed with old findings.
std::int64_t Tables::workload_of(const StoredFinding& finding) {
  const std::array names{&finding.container, &finding.name, &finding.image, &finding.pod,
                         &finding.name_space};
  std::string key;
  for (const std::string* name : names) key += *name + '\0';
  if (const auto known = workloads_.find(key); known != workloads_.end()) return known->second;
  Statement& row = prepared_->workload;
  for (std::size_t i = 0; i < names.size(); ++i)
    row.bind(static_cast<int>(i + 1), std::string_view(*names.at(i)));
  std::int64_t number = 0;
  while (row.step()) number = row.number(0);
  if (workloads_.size() == max_workloads) workloads_.clear();
  workloads_.emplace(std::move(key), number);
  return number;
}

void Tables::write(std::string_view id, const Batch::Sighting& sighting) {
  Statement& row = prepared_->sighting;
  row.bind(1, id).bind(2, static_cast<std::int64_t>(sighting.count)).bind(3, to_number(sighting.seen));
  if (sighting.path.empty())
    row.bind_null(4);
  else
    row.bind(4, std::string_view(sighting.path));
  row.run();
}

// False where there is no such row.
bool Tables::write_told(const std::string& id, unsigned revision) {
  prepared_->told.bind(1, std::string_view(id)).bind(2, std::int64_t{revision}).run();
  return ::sqlite3_changes(database_.handle()) > 0;
}

// With outputs that are told once there would else be more and more rows that seem to wait for an output, and
// a start would give them to one that takes all. A record whose predecessor is still on its way stays as it
// is: whether that one is written is not known.
void Tables::write_unwanted(const Batch& batch) {
  for (const auto& [order, finding] : batch.findings()) {
    if (!finding.is_unwanted) continue;
    prepared_->unwanted.bind(1, std::string_view(finding.id)).bind(2, std::int64_t{finding.revision}).run();
  }
}

void Tables::write(const SyncState& state) {
  prepared_->state.bind(1, std::string_view(state.container))
      .bind(2, std::string_view(state.mount))
      .bind(3, to_number(state.synced_until))
      .bind(4, std::string_view(state.reasons))
      .bind(5, to_number(state.updated))
      .bind(6, to_number(state.told_from))
      .bind(7, to_number(state.written_from))
      .run();
}

void Tables::write_run(util::WallTime alive_at, bool is_clean_end) {
  prepared_->run.bind(1, to_number(alive_at)).bind(2, std::int64_t{is_clean_end}).run();
}

// Some at a time: a limit that was lowered must not hold up what is found.
void Tables::prune_by_age(util::WallTime now) {
  if (settings_.max_age == std::chrono::milliseconds::zero()) return;
  const std::int64_t oldest = to_number(now - settings_.max_age);
  Statement due(database_.handle(),
                "SELECT count(*) FROM (SELECT 1 FROM finding WHERE last_seen < ?1 LIMIT ?2)");
  if (!due.bind(1, oldest).bind(2, most_at_once).step() || due.number(0) == 0) return;
  remove_findings(static_cast<std::size_t>(due.number(0)));
}

// The counts go by what was written, which may have replaced a row: when they say that it is time, the rows
// are counted.
void Tables::prune_by_count() {
  if (findings_ <= settings_.max_findings + settings_.max_findings / slack_divisor) return;
  findings_ = static_cast<std::size_t>(database_.read_number("SELECT count(*) FROM finding"));
  if (findings_ > settings_.max_findings) remove_findings(findings_ - settings_.max_findings);
}

// By as much as is needed on the average, and a little more so that it does not happen with each commit.
void Tables::prune_by_size() {
  const std::uint64_t used = used_bytes();
  if (used <= settings_.max_size) return;
  const std::uint64_t too_much = used - settings_.max_size + settings_.max_size / slack_divisor;
  const auto share_of = [&](std::size_t rows) {
    const double share = static_cast<double>(too_much) / static_cast<double>(used);
    return std::clamp(static_cast<std::size_t>(static_cast<double>(rows) * share) + 1, std::size_t{1},
                      static_cast<std::size_t>(most_at_once));
  };
  records_ = static_cast<std::size_t>(database_.read_number("SELECT count(*) FROM record"));
  if (records_ > 0) {
    Statement statement(database_.handle(),
                        "DELETE FROM record WHERE seq IN (SELECT seq FROM record ORDER BY seq LIMIT ?1)");
    statement.bind(1, static_cast<std::int64_t>(share_of(records_))).run();
    return;
  }
  findings_ = static_cast<std::size_t>(database_.read_number("SELECT count(*) FROM finding"));
  remove_findings(share_of(findings_));
}

// The least recently seen, and all that only they had.
void Tables::remove_findings(std::size_t count) {
  const auto number = static_cast<std::int64_t>(count);
  constexpr const char* chosen = "(SELECT seq FROM finding ORDER BY last_seen, seq LIMIT ?1)";
  for (const char* table : {"record", "finding"}) {
    const std::string sql = std::string("DELETE FROM ") + table + " WHERE seq IN " + chosen;
    Statement(database_.handle(), sql).bind(1, number).run();
  }
  database_.execute("DELETE FROM workload WHERE number NOT IN (SELECT workload FROM finding)");
  workloads_.clear();
  findings_ -= std::min(findings_, count);
}

// Of pages in use: those that are free are used again before the file grows.
std::uint64_t Tables::used_bytes() {
  const auto pages =
      database_.read_number("PRAGMA page_count") - database_.read_number("PRAGMA freelist_count");
  const auto used = static_cast<std::uint64_t>(pages) * page_bytes_;
  // What waits for outputs has a limit of its own.
  return used - std::min(used, outbox_->bytes());
}

// Gives free pages back where the file is larger than it may be.
void Tables::shrink() {
  const auto bytes = static_cast<std::uint64_t>(database_.read_number("PRAGMA page_count")) * page_bytes_;
  if (bytes <= settings_.max_size) return;
  try {
    database_.execute("PRAGMA incremental_vacuum(1024)");
  } catch (const DatabaseError& error) {
    // What was to be stored is; there will be a next time, which says what else is wrong.
    if (error.is_damage()) throw;
  }
}

}  // namespace dropwarden::store
