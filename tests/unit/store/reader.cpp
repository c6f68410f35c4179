// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/store/reader.hpp"

#include <filesystem>
#include <sys/stat.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample.hpp"
#include "store/database.hpp"
#include "support/temporary_directory.hpp"
#include "support/wait.hpp"

namespace dropwarden::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ReaderTest : public testing::Test {
 protected:
  std::string path() const { return directory_.path() / "state.db"; }
  std::unique_ptr<Store> open() {
    return std::make_unique<Store>(Settings{.path = path()}, [](const Store::Report&) {});
  }
  void save(const std::vector<StoredFinding>& findings) {
    const auto store = open();
    for (const StoredFinding& finding : findings) store->save(finding);
  }
  std::vector<int> find(const Query& query) {
    Reader reader(path());
    std::vector<int> numbers;
    reader.find(query, [&](const FoundFinding& finding) {
      numbers.push_back(std::stoi(finding.id));
      return true;
    });
    return numbers;
  }
  std::string why_not() {
    try {
      const Reader reader(path());
      return "opened";
    } catch (const CannotOpen& error) {
      return error.what();
    }
  }

 private:
  test::TemporaryDirectory directory_;
};

StoredFinding finding_of(int number, const std::string& name, const std::string& path) {
  StoredFinding made = finding(number);
  made.container = "id-of-" + name;
  made.name = name;
  made.image = "docker.io/library/" + name + ":1";
  made.pod = name + "-0";
  made.name_space = "prod";
  made.path = path;
  made.kind = number % 2 == 0 ? "elf" : "script";
  made.severity = static_cast<unsigned>(number % 5);
  return made;
}

TEST_F(ReaderTest, FindsByAllThatIsAskedAtOnceTheOldestFirst) {
  save({finding_of(4, "web", "/usr/bin/x"), finding_of(1, "web", "/tmp/a"), finding_of(3, "db", "/usr/bin/y"),
        finding_of(2, "web", "/usr/lib/z")});
  EXPECT_THAT(find({}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(find({.since = at(3)}), ElementsAre(3, 4));
  EXPECT_THAT(find({.is_wanted_workload = [](const Workload& of) { return of.name == "web"; }}),
              ElementsAre(1, 2, 4));
  EXPECT_THAT(
      find({.is_wanted_workload = [](const Workload& of) { return of.image == "docker.io/library/db:1"; }}),
      ElementsAre(3));
  EXPECT_THAT(find({.is_wanted_workload = [](const Workload&) { return false; }}), IsEmpty());
  EXPECT_THAT(find({.path_prefix = "/usr/bin/"}), ElementsAre(3, 4));
  EXPECT_THAT(find({.is_wanted_path = [](std::string_view path) { return path.ends_with("z"); }}),
              ElementsAre(2));
  EXPECT_THAT(find({.kinds = {"elf", "jar"}}), ElementsAre(2, 4));
  EXPECT_THAT(find({.min_severity = 3}), ElementsAre(3, 4));
  EXPECT_THAT(find({.newest = 2}), ElementsAre(3, 4));
  EXPECT_THAT(find({.is_wanted_workload = [](const Workload& of) { return of.pod == "web-0"; },
                    .kinds = {"elf"},
                    .min_severity = 3}),
              ElementsAre(4));
  EXPECT_THAT(find({.id_prefix = finding(2).id}), ElementsAre(2));
}

TEST_F(ReaderTest, LeavesOutWhatIsExceptedUnlessItIsAskedFor) {
  StoredFinding excepted = finding(2);
  excepted.decision = "excepted";
  StoredFinding held_back = finding(3);
  held_back.decision = "held_back";
  save({finding(1), excepted, held_back});
  EXPECT_THAT(find({}), ElementsAre(1, 3));
  EXPECT_THAT(find({.decisions = {"excepted"}}), ElementsAre(2));
  EXPECT_THAT(find({.decisions = {"excepted", "shown"}}), ElementsAre(1, 2));
}

TEST_F(ReaderTest, LeavesOutNothingThatAnOutputHasToldOf) {
  const auto store = open();
  store->save(finding(1));
  store->set_told(finding(1).id, 1);
  StoredFinding moved = finding(1);
  moved.revision = 2;
  moved.decision = "excepted";
  store->save(moved);
  ASSERT_TRUE(test::wait_for([&] { return find({.decisions = {"excepted"}}).size() == 1; }, 20s));
  EXPECT_THAT(find({}), ElementsAre(1));
  EXPECT_THAT(find({.decisions = {"shown"}}), IsEmpty());
}

TEST_F(ReaderTest, ReturnsAllOfARowAndItsNewestRecord) {
  {
    const auto store = open();
    store->save(finding_of(1, "web", "/tmp/a"));
    store->set_told(finding(1).id, 1);
    StoredFinding later = finding_of(1, "web2", "/tmp/b");
    later.revision = 2;
    later.is_final = true;
    later.sha256 = "abc";
    later.record = "newest";
    store->save(later);
    store->count(finding(1).id, at(9));
  }
  Reader reader(path());
  std::vector<FoundFinding> found;
  reader.find({}, [&](const FoundFinding& finding) {
    found.push_back(finding);
    return true;
  });
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].record, "newest");
  EXPECT_EQ(found[0].revision, 2U);
  EXPECT_EQ(found[0].told, 1U);
  EXPECT_TRUE(found[0].is_final);
  EXPECT_EQ(found[0].time, at(1));
  EXPECT_EQ(found[0].last_seen, at(9));
  EXPECT_EQ(found[0].count, 2U);
  EXPECT_EQ(found[0].workload.name, "web2") << "as it is known by now";
  EXPECT_EQ(found[0].workload.container, "id-of-web2");
  EXPECT_EQ(found[0].path, "/tmp/b");
  EXPECT_EQ(found[0].sha256, "abc");
}

TEST_F(ReaderTest, TellsWhatWasStoredSince) {
  const auto store = open();
  Reader reader(path());
  const auto news = [&](std::int64_t after) {
    std::vector<std::string> records;
    reader.find({.after_change = after, .until_change = reader.last_change()},
                [&](const FoundFinding& found) {
                  records.push_back(found.record.value_or(""));
                  return true;
                });
    return records;
  };
  const auto changes = [&](std::int64_t count) {
    return [&reader, count] { return reader.last_change() == count; };
  };
  store->save(finding(2));
  ASSERT_TRUE(test::wait_for(changes(1), 10s));
  store->save(finding(1));
  ASSERT_TRUE(test::wait_for(changes(2), 10s));
  StoredFinding again = finding(2, 2);
  again.record = "again";
  store->save(again);
  ASSERT_TRUE(test::wait_for(changes(3), 10s));
  EXPECT_THAT(news(0), ElementsAre(finding(1).record, "again"));
  EXPECT_THAT(news(2), ElementsAre("again"));
  EXPECT_THAT(news(3), IsEmpty());
}

TEST_F(ReaderTest, ReadsBesideADaemonAndAfterOneThatWasKilled) {
  save({finding(1)});
  EXPECT_THAT(find({}), ElementsAre(1)) << "its log was removed";
  const auto store = open();
  store->save(finding(2));
  Reader reader(path());
  EXPECT_TRUE(test::wait_for([&] { return find({}).size() == 2; }, 10s)) << "out of the log";
  EXPECT_FALSE(reader.is_replaced());
  std::filesystem::rename(path(), path() + ".damaged");
  EXPECT_TRUE(reader.is_replaced());
}

TEST_F(ReaderTest, SaysWhyThereIsNothingToRead) {
  EXPECT_THAT(why_not(), HasSubstr("unable to open database file"));
  EXPECT_THAT(why_not(), HasSubstr(path()));
  {
    Database other(path());
  }
  EXPECT_THAT(why_not(), HasSubstr("it is empty"));
  Database(path()).execute("CREATE TABLE other(x)");
  EXPECT_THAT(why_not(), HasSubstr("another program"));
  Database(path()).execute("PRAGMA user_version = 1");
  Database(path()).execute("PRAGMA application_id = 0x64726f70");
  EXPECT_THAT(why_not(), HasSubstr("older version"));
  Database(path()).execute("PRAGMA user_version = 1000");
  EXPECT_THAT(why_not(), HasSubstr("newer version"));
}

// A pager may keep an answer waiting for as long as it likes.
TEST_F(ReaderTest, HoldsNothingWhileItsAnswerIsTaken) {
  const auto store = open();
  for (int number = 1; number <= 300; ++number) store->save(finding(number));
  ASSERT_TRUE(test::wait_for([&] { return find({}).size() == 300; }, 20s));
  Reader reader(path());
  Database other(path());
  int found = 0;
  reader.find({}, [&](const FoundFinding&) {
    if (++found % 100 == 1) {
      EXPECT_EQ(other.read_number("PRAGMA wal_checkpoint(TRUNCATE)"), 0) << "busy";
    }
    if (found == 1) other.execute("DELETE FROM finding WHERE seq = 299");
    return true;
  });
  EXPECT_EQ(found, 299) << "one was removed meanwhile";
}

TEST_F(ReaderTest, ReadsOfAHundredThousandFindingsLittleMoreThanItReturns) {
  open();
  Database database(path());
  database.execute(R"sql(
BEGIN;
WITH RECURSIVE i(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 500)
INSERT INTO workload SELECT i, printf('%064x', i), 'name' || i, 'image' || (i % 50), 'pod' || i, 'prod' FROM i;
WITH RECURSIVE i(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 100000)
INSERT INTO finding(id, place, content, container, file_system, inode, size, mtime, path, path_state, mode, detected_by,
                    revision, is_final, first_seen, last_seen, workload, kind, severity, decision, change)
SELECT printf('%032x', i), x'00', x'00', printf('%064x', i % 500), 'rootfs', i, i, i,
       CASE WHEN i % 100 = 0 THEN '/usr/bin/' ELSE '/var/lib/x/' END || i, 'live', 0, 'close_write',
       1, 1, i * 1000000000, i * 1000000000, 1 + i % 500, CASE WHEN i % 1000 = 0 THEN 'jar' ELSE 'elf' END,
       CASE WHEN i % 1000 = 1 THEN 4 ELSE 2 END, CASE WHEN i % 1000 = 2 THEN 'excepted' ELSE 'shown' END, i FROM i;
COMMIT)sql");
  const std::vector<std::pair<Query, std::size_t>> questions{
      {{.is_wanted_workload = [](const Workload& of) { return of.name == "name7"; }}, 200},
      {{.is_wanted_workload = [](const Workload& of) { return of.image == "image7"; }}, 2000},
      {{.kinds = {"jar"}}, 100},
      {{.min_severity = 3}, 100},
      {{.path_prefix = "/usr/bin/"}, 1000},
      {{.since = at(99'901)}, 100},
      {{.decisions = {"excepted"}}, 100},
      {{.newest = 50}, 50},
      {{.kinds = {"elf"}, .newest = 50}, 50},
      {{.id_prefix = std::string(30, '0') + "ff"}, 1},
      {{.after_change = 99'990, .until_change = 100'000}, 10},
  };
  Reader reader(path());
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const auto& [query, expected] = questions.at(i);
    std::size_t found = 0;
    reader.find(query, [&](const FoundFinding&) { return ++found > 0; });
    EXPECT_EQ(found, expected) << "question " << i;
    // A step of a full scan is at least one of the machine; 500 workloads are always looked at.
    EXPECT_LT(reader.cost().steps, 10'000 + 40 * static_cast<std::int64_t>(expected)) << "question " << i;
    EXPECT_LE(reader.cost().rows_scanned, 500) << "question " << i;
    EXPECT_LE(reader.cost().transactions, 1 + static_cast<std::int64_t>(expected) / 100) << "question " << i;
  }
  // A pattern that begins with anything is tried on each path, out of the index alone.
  std::size_t found = 0;
  reader.find({.is_wanted_path = [](std::string_view path) { return path.ends_with("99999"); }},
              [&](const FoundFinding&) { return ++found > 0; });
  EXPECT_EQ(found, 1U);
  EXPECT_LE(reader.cost().rows_scanned, 1) << "by the index of paths";
  EXPECT_LT(reader.cost().steps, 1'500'000);
}

}  // namespace
}  // namespace dropwarden::store
