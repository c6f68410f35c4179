// SPDX-License-Identifier: Apache-2.0
// A database that an earlier version has made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/store/reader.hpp"

#include "sample.hpp"
#include "store/database.hpp"
#include "store/schema.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::store {
namespace {

using testing::SizeIs;

// Schema 1, as the first version had it.
constexpr const char* first_schema = R"sql(
CREATE TABLE finding(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, place BLOB NOT NULL, content BLOB NOT NULL,
  container TEXT NOT NULL, file_system TEXT NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,
  mtime INTEGER NOT NULL, sha256 TEXT, path TEXT NOT NULL, path_state TEXT NOT NULL, mode INTEGER NOT NULL,
  detected_by TEXT NOT NULL, revision INTEGER NOT NULL, is_final INTEGER NOT NULL, told INTEGER NOT NULL DEFAULT 0,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, count INTEGER NOT NULL DEFAULT 1);
CREATE TABLE record(seq INTEGER PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE sync_state(container TEXT NOT NULL, mount TEXT NOT NULL, synced_until INTEGER NOT NULL,
  reasons TEXT NOT NULL, updated INTEGER NOT NULL, PRIMARY KEY(container, mount)) WITHOUT ROWID;
CREATE TABLE run(only INTEGER PRIMARY KEY CHECK(only = 1), alive_at INTEGER NOT NULL, is_clean_end INTEGER NOT NULL);
PRAGMA application_id = 0x64726f70;
PRAGMA user_version = 1;
INSERT INTO finding VALUES(1, '00000000000000000000000000000001', x'01', x'02', 'c1', 'rootfs', 1, 1, 1, NULL, '/tmp/a',
  'live', 0, 'close_write', 1, 1, 1, 1000000000, 1000000000, 1);
INSERT INTO finding VALUES(2, '00000000000000000000000000000002', x'01', x'02', 'c2', 'rootfs', 1, 1, 1, NULL, '/tmp/b',
  'live', 0, 'close_write', 1, 1, 1, 2000000000, 2000000000, 1);
INSERT INTO finding VALUES(3, '00000000000000000000000000000003', x'01', x'02', 'c3', 'rootfs', 1, 1, 1, NULL, '/tmp/c',
  'live', 0, 'close_write', 1, 1, 1, 3000000000, 3000000000, 1);
INSERT INTO record VALUES(1, '{"signature":{"severity":3},"event":{"container":{"name":"web","image":{"name":"nginx"},
  "pod":{"name":"web-0","namespace":"prod"}},"file":{"kind":"elf"}}}');
INSERT INTO record VALUES(3, 'cut off {');
INSERT INTO run VALUES(1, 5000000000, 1);
)sql";

class MigrationTest : public testing::Test {
 protected:
  std::string path() const { return directory_.path() / "state.db"; }

 private:
  test::TemporaryDirectory directory_;
};

TEST_F(MigrationTest, BringsTheFirstSchemaUpToThisOneWithAllThatWasStored) {
  Database(path()).execute(first_schema);
  {
    Store store({.path = path()}, [](const Store::Report& report) { ADD_FAILURE() << report.text; });
    EXPECT_THAT(store.take_known_findings(), SizeIs(3));
    EXPECT_TRUE(store.last_run()->is_clean_end);
    store.save(finding(4));
  }
  std::vector<FoundFinding> found;
  Reader(path()).find({}, [&](const FoundFinding& finding) {
    found.push_back(finding);
    return true;
  });
  ASSERT_THAT(found, SizeIs(4));
  EXPECT_EQ(found[0].workload.name, "web");
  EXPECT_EQ(found[0].workload.image, "nginx");
  EXPECT_EQ(found[0].workload.pod, "web-0");
  EXPECT_EQ(found[0].workload.name_space, "prod");
  EXPECT_EQ(found[0].kind, "elf");
  EXPECT_EQ(found[0].severity, 3U);
  EXPECT_EQ(found[0].decision, "shown");
  EXPECT_EQ(found[1].workload.container, "c2") << "no record is left of it";
  EXPECT_EQ(found[1].severity, 2U);
  EXPECT_EQ(found[2].workload.container, "c3") << "its record is damaged";
  EXPECT_EQ(found[2].workload.name, "");
  EXPECT_EQ(Database(path()).read_number("SELECT count(DISTINCT change) FROM finding"), 4);
}

TEST_F(MigrationTest, MakesTheSameTablesAsANewDatabase) {
  const auto schema_of = [](Database& database) {
    return database.read_text(
        "SELECT group_concat(name || coalesce(sql, ''), char(10)) FROM "
        "(SELECT name, replace(replace(sql, char(10), ''), ' ', '') AS sql FROM sqlite_schema ORDER BY "
        "name)");
  };
  Database old(path());
  old.execute(first_schema);
  prepare_schema(old, Fsync::normal);
  Database made(path() + ".new");
  prepare_schema(made, Fsync::normal);
  EXPECT_EQ(schema_of(old), schema_of(made));
  prepare_schema(made, Fsync::normal);
}

TEST_F(MigrationTest, TakesFromTheRecordsByWhatFindingsAreCovered) {
  Database old(path());
  prepare_schema(old, Fsync::normal);
  old.execute(
      "ALTER TABLE finding DROP COLUMN exception; ALTER TABLE sync_state DROP COLUMN written_from; "
      "PRAGMA user_version = 3");
  for (const std::string& number : std::vector<std::string>{"1", "2", "3"})
    old.execute(
        "INSERT INTO finding(seq, id, place, content, container, file_system, inode, size, mtime, path, "
        "path_state, mode, detected_by, revision, is_final, first_seen, last_seen, decision) VALUES(" +
        number + ", 'id" + number +
        "', x'01', x'02', 'c', 'rootfs', 1, 1, 1, '/tmp/a', 'live', 0, 'scan', 1, 1, 1, 1, 'excepted')");
  old.execute(R"(INSERT INTO record VALUES(1, '{"decision":{"exception":{"name":"e"}}}'), (3, 'cut off {'))");
  prepare_schema(old, Fsync::normal);
  EXPECT_EQ(old.read_text("SELECT group_concat(seq || exception, ' ') FROM finding"), "1e 2 3");
}

TEST_F(MigrationTest, LeavesADatabaseAsItWasWhenItFails) {
  Database old(path());
  old.execute(first_schema);
  old.execute("CREATE TABLE workload(in_the_way)");
  EXPECT_THROW(prepare_schema(old, Fsync::normal), DatabaseError);
  EXPECT_EQ(old.read_number("PRAGMA user_version"), 1);
  EXPECT_EQ(old.read_number("SELECT count(*) FROM pragma_table_info('finding') WHERE name = 'change'"), 0);
}

}  // namespace
}  // namespace dropwarden::store
