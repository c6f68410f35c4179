// SPDX-License-Identifier: Apache-2.0
#include "schema.hpp"

#include <string>

namespace dropwarden::store {
namespace {

// `drop`, in the header of the file: file(1) and we know it again.
constexpr int application_id = 0x64726f70;
constexpr int version = 1;

// Rows of findings are short, and read whole at each start; their records, of some KiB, are beside them.
// Times are nanoseconds since 1970, and a revision 0 is none. What is unsigned is stored as the signed number
// of the same bits.
constexpr const char* tables = R"sql(
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

void create_tables(Database& database) {
  Transaction transaction(database);
  database.execute(tables);
  database.execute("PRAGMA application_id = " + std::to_string(application_id));
  database.execute("PRAGMA user_version = " + std::to_string(version));
  transaction.commit();
}

}  // namespace

void prepare_schema(Database& database, Fsync fsync) {
  const bool is_new = database.read_number("SELECT count(*) FROM sqlite_schema") == 0 &&
                      database.read_number("PRAGMA user_version") == 0;
  if (!is_new) {
    if (database.read_number("PRAGMA application_id") != application_id)
      throw ForeignDatabase("it is the database of another program");
    if (const auto found = database.read_number("PRAGMA user_version"); found > version)
      throw ForeignDatabase("it was made by a newer version of dropwarden (schema " + std::to_string(found) +
                            "): use that, or move the file away");
  }
  // A file system that cannot share memory between processes has no WAL; the journal that it gets is as safe.
  database.execute("PRAGMA journal_mode = WAL");
  database.execute(std::string("PRAGMA synchronous = ") + name_of(fsync));
  // The log is cut back to this after a burst.
  database.execute("PRAGMA journal_size_limit = 4194304");
  if (is_new) create_tables(database);
}

}  // namespace dropwarden::store
