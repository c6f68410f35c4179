// SPDX-License-Identifier: Apache-2.0
#include "schema.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>

namespace dropwarden::store {
namespace {

// `drop`, in the header of the file: file(1) and we know it again.
constexpr int application_id = 0x64726f70;

// Rows of findings are short, and read whole at each start; their records, of some KiB, are beside them.
// Times are nanoseconds since 1970, and a revision 0 is none. What is unsigned is stored as the signed number
// of the same bits.
constexpr const char* first_tables = R"sql(
CREATE TABLE finding(
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  place BLOB NOT NULL,
  content BLOB NOT NULL,
  container TEXT NOT NULL,
  file_system TEXT NOT NULL,
  inode INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime INTEGER NOT NULL,
  sha256 TEXT,
  path TEXT NOT NULL,
  path_state TEXT NOT NULL,
  mode INTEGER NOT NULL,
  detected_by TEXT NOT NULL,
  revision INTEGER NOT NULL,
  is_final INTEGER NOT NULL,
  told INTEGER NOT NULL DEFAULT 0,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  count INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE record(
  seq INTEGER PRIMARY KEY,
  json TEXT NOT NULL
);
CREATE TABLE sync_state(
  container TEXT NOT NULL,
  mount TEXT NOT NULL,
  synced_until INTEGER NOT NULL,
  reasons TEXT NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY(container, mount)
) WITHOUT ROWID;
CREATE TABLE run(
  only INTEGER PRIMARY KEY CHECK(only = 1),
  alive_at INTEGER NOT NULL,
  is_clean_end INTEGER NOT NULL
);
)sql";

// Whose a finding is, stands once for all of its findings: patterns are matched with few rows. `change`
// orders rows by their last record. The indexes hold all that a question needs until it is known which rows
// answer it. What was stored before has the severity and the decision that all had then.
constexpr const char* columns_to_look_for = R"sql(
CREATE TABLE workload(
  number INTEGER PRIMARY KEY,
  container TEXT NOT NULL,
  name TEXT NOT NULL,
  image TEXT NOT NULL,
  pod TEXT NOT NULL,
  namespace TEXT NOT NULL,
  UNIQUE(container, name, image, pod, namespace)
);
ALTER TABLE finding ADD COLUMN workload INTEGER NOT NULL DEFAULT 0;
ALTER TABLE finding ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE finding ADD COLUMN severity INTEGER NOT NULL DEFAULT 2;
ALTER TABLE finding ADD COLUMN decision TEXT NOT NULL DEFAULT 'shown';
ALTER TABLE finding ADD COLUMN change INTEGER NOT NULL DEFAULT 0;
CREATE TEMP TABLE told_of AS
SELECT seq, container,
       coalesce(json_extract(json, '$.event.container.name'), '') AS name,
       coalesce(json_extract(json, '$.event.container.image.name'), '') AS image,
       coalesce(json_extract(json, '$.event.container.pod.name'), '') AS pod,
       coalesce(json_extract(json, '$.event.container.pod.namespace'), '') AS namespace,
       coalesce(json_extract(json, '$.event.file.kind'), '') AS kind,
       coalesce(json_extract(json, '$.signature.severity'), 2) AS severity
FROM (SELECT seq, container, CASE WHEN json_valid(json) THEN json END AS json
      FROM finding LEFT JOIN record USING(seq));
INSERT OR IGNORE INTO workload(container, name, image, pod, namespace)
SELECT container, name, image, pod, namespace FROM told_of;
UPDATE finding SET change = finding.seq, kind = told_of.kind, severity = told_of.severity, workload = number
FROM told_of JOIN workload USING(container, name, image, pod, namespace) WHERE told_of.seq = finding.seq;
DROP TABLE told_of;
CREATE INDEX finding_by_time ON finding(first_seen, decision);
CREATE INDEX finding_by_last_time ON finding(last_seen);
CREATE INDEX finding_by_workload ON finding(workload, first_seen, decision);
CREATE INDEX finding_by_kind ON finding(kind, first_seen, decision);
CREATE INDEX finding_by_severity ON finding(severity, first_seen, decision);
CREATE INDEX finding_by_path ON finding(path, first_seen, decision);
CREATE INDEX finding_by_decision ON finding(decision, first_seen);
CREATE INDEX finding_by_change ON finding(change);
)sql";

// A container that was there at the first start, and is not scanned for what it held then.
constexpr const char* column_of_first_start = R"sql(
ALTER TABLE sync_state ADD COLUMN told_from INTEGER NOT NULL DEFAULT 0;
)sql";

// The start of the containers that a loss in a volume is about, which may be others by the next start. And
// the exception by which a file is judged that is seen again without its writer.
constexpr const char* columns_for_what_comes_later = R"sql(
ALTER TABLE sync_state ADD COLUMN written_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE finding ADD COLUMN exception TEXT NOT NULL DEFAULT '';
UPDATE finding SET exception = coalesce(
  (SELECT json_extract(CASE WHEN json_valid(json) THEN json END, '$.decision.exception.name')
   FROM record WHERE record.seq = finding.seq), '')
WHERE decision = 'excepted';
)sql";

// What each version of the schema adds to the one before, from version 1 on. Never changed: a database may
// have come by any of them.
constexpr std::array steps{first_tables, columns_to_look_for, column_of_first_start,
                           columns_for_what_comes_later};
constexpr int version = static_cast<int>(steps.size());

const char* name_of(Fsync fsync) {
  switch (fsync) {
    case Fsync::normal:
      return "NORMAL";
    case Fsync::full:
      return "FULL";
    case Fsync::off:
      break;
  }
  return "OFF";
}

// All or nothing: a kill on the way leaves the version that it was.
void migrate(Database& database, int found) {
  Transaction transaction(database);
  for (const char* step : std::span(steps).subspan(static_cast<std::size_t>(found))) database.execute(step);
  database.execute("PRAGMA application_id = " + std::to_string(application_id));
  database.execute("PRAGMA user_version = " + std::to_string(version));
  transaction.commit();
}

// Throws ForeignDatabase for one that is not this program's. 0: it is new.
int read_version(Database& database) {
  const auto found = database.read_number("PRAGMA user_version");
  if (found == 0 && database.read_number("SELECT count(*) FROM sqlite_schema") == 0) return 0;
  if (found <= 0 || database.read_number("PRAGMA application_id") != application_id)
    throw ForeignDatabase("it is the database of another program");
  if (found > version)
    throw ForeignDatabase("it was made by a newer version of dropwarden (schema " + std::to_string(found) +
                          "): use that, or move the file away");
  return static_cast<int>(found);
}

}  // namespace

void prepare_schema(Database& database, Fsync fsync) {
  const int found = read_version(database);
  // Pages that are free again are given back to the file system, piece by piece; only before the first table.
  if (found == 0) database.execute("PRAGMA auto_vacuum = INCREMENTAL");
  // A file system that cannot share memory between processes has no WAL; the journal that it gets is as safe.
  database.execute("PRAGMA journal_mode = WAL");
  database.execute(std::string("PRAGMA synchronous = ") + name_of(fsync));
  // The log is cut back to this after a burst.
  database.execute("PRAGMA journal_size_limit = 4194304");
  // A step that adds to all rows may need tables of its own for a moment.
  database.execute("PRAGMA temp_store = MEMORY");
  if (found < version) migrate(database, found);
}

void check_schema(Database& database) {
  const int found = read_version(database);
  if (found == 0) throw ForeignDatabase("it is empty: the daemon has not stored anything in it yet");
  if (found < version)
    throw ForeignDatabase("it was made by an older version of dropwarden (schema " + std::to_string(found) +
                          "): `dropwarden run` brings it up to this one when it starts");
}

}  // namespace dropwarden::store
