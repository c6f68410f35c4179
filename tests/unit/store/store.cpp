// SPDX-License-Identifier: Apache-2.0
// On a real file system, with SQLite itself as the witness of what is in the file.
#include "dropwarden/store/store.hpp"

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

class StoreTest : public testing::Test {
 protected:
  std::filesystem::path directory() const { return directory_.path(); }
  std::string path() const { return directory() / "state" / "state.db"; }
  Settings settings() const { return {.path = path()}; }
  std::unique_ptr<Store> open(Settings settings) {
    return std::make_unique<Store>(std::move(settings), [this](const Store::Report& report) {
      const std::lock_guard lock(mutex_);
      reports_.push_back((report.is_degraded ? "degraded: " : "well: ") + report.text);
    });
  }
  std::unique_ptr<Store> open() { return open(settings()); }
  std::vector<std::string> reports() {
    const std::lock_guard lock(mutex_);
    return reports_;
  }
  std::int64_t number(const std::string& sql) { return Database(path()).read_number(sql); }
  std::vector<std::string> set_aside() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory() / "state")) {
      const std::string name = entry.path().filename().string();
      if (name.find(".damaged-") != std::string::npos && !name.ends_with("-wal")) names.push_back(name);
    }
    return names;
  }
  std::string why_not(const Settings& settings) {
    try {
      open(settings);
      return "opened";
    } catch (const CannotOpen& error) {
      return error.what();
    }
  }

 private:
  test::TemporaryDirectory directory_;
  std::mutex mutex_;
  std::vector<std::string> reports_;
};

std::vector<int> numbers(const std::vector<KnownFinding>& known) {
  std::vector<int> numbers;
  for (const KnownFinding& finding : known) numbers.push_back(std::to_integer<int>(finding.place[1]));
  return numbers;
}

TEST_F(StoreTest, KnowsAfterwardsWhatWasToldAndNothingElse) {
  {
    const auto store = open();
    EXPECT_FALSE(store->last_run());
    for (const int i : {2, 1, 3}) store->save(finding(i));
    store->set_told(finding(1).id, 1);
    store->set_told(finding(2).id, 1);
  }
  const auto store = open();
  const auto known = store->take_known_findings();
  EXPECT_THAT(numbers(known), ElementsAre(1, 2)) << "by when they were seen";
  ASSERT_THAT(known, SizeIs(2));
  EXPECT_EQ(known[0].id[15], std::byte{0x01});
  EXPECT_EQ(known[0].content, finding(1).content);
  EXPECT_THAT(store->take_known_findings(), IsEmpty());
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(StoreTest, KnowsByWhatAFindingIsCoveredUntilItIsTold) {
  {
    const auto store = open();
    for (const int i : {1, 2}) {
      StoredFinding excepted = finding(i);
      excepted.decision = "excepted";
      excepted.exception = "e";
      store->save(excepted);
    }
    store->set_told(finding(2).id, 2);
  }
  const auto known = open()->take_known_findings();
  ASSERT_THAT(known, SizeIs(2));
  EXPECT_EQ(known[0].decision, "excepted");
  EXPECT_EQ(known[0].exception, "e");
  EXPECT_EQ(known[1].decision, "shown");
  EXPECT_EQ(known[1].told, 2U);
}

TEST_F(StoreTest, KnowsWhatAnOutputWroteBeforeItsRowCame) {
  {
    const auto store = open();
    store->set_told(finding(1).id, 1);
    store->save(finding(2));
    EXPECT_TRUE(test::wait_for([&] { return number("SELECT count(*) FROM finding") == 1; }, 10s));
    store->save(finding(1));
  }
  EXPECT_THAT(numbers(open()->take_known_findings()), ElementsAre(1));
}

TEST_F(StoreTest, CommitsSoonWithoutBeingEnded) {
  const auto store = open();
  store->save(finding(1));
  EXPECT_TRUE(test::wait_for([&] { return number("SELECT count(*) FROM finding") == 1; }, 10s));
  EXPECT_EQ(number("SELECT inode FROM finding"), -1) << "the same bits";
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(StoreTest, KeepsARowAFindingAndTheNewestRecord) {
  const auto store = open();
  store->save(finding(1));
  StoredFinding final = finding(1, 2);
  final.is_final = true;
  final.sha256 = "abc";
  final.seen = at(50);
  final.record = "newest";
  store->save(final);
  store->set_told(final.id, 2);
  store->count(final.id, at(70));
  store->count(final.id, at(60), "/moved");
  store->finish();
  EXPECT_EQ(number("SELECT count(*) FROM finding WHERE revision = 2 AND told = 2 AND sha256 = 'abc'"), 1);
  EXPECT_EQ(number("SELECT count FROM finding"), 3);
  EXPECT_EQ(number("SELECT first_seen / 1000000000 FROM finding"), 1);
  EXPECT_EQ(number("SELECT last_seen / 1000000000 FROM finding"), 70);
  EXPECT_EQ(number("SELECT count(*) FROM finding WHERE path = '/moved'"), 1);
  EXPECT_EQ(number("SELECT count(*) FROM record WHERE json = 'newest'"), 1);
  store->finish();
}

TEST_F(StoreTest, HandsOverWhatWasNotToldToItsEnd) {
  {
    const auto store = open();
    for (const int i : {1, 2, 3, 4, 5}) {
      StoredFinding stored = finding(i, i == 2 ? 2 : 1);
      stored.is_final = i != 3 && i != 5;
      store->save(stored);
    }
    store->set_told(finding(2).id, 1);  // not the newest
    store->set_told(finding(3).id, 1);  // open
    store->set_told(finding(4).id, 1);
    store->set_told(finding(5).id, 2);  // finished after a restart
  }
  const auto store = open();
  const auto unfinished = store->take_unfinished_findings();
  ASSERT_THAT(unfinished, SizeIs(3));
  std::map<std::string, UnfinishedFinding> by_id;
  for (const auto& each : unfinished) by_id[each.id] = each;
  EXPECT_EQ(by_id.at(finding(1).id).known.told, 0U);
  EXPECT_EQ(by_id.at(finding(1).id).record, "{\"number\":1}");
  EXPECT_EQ(by_id.at(finding(2).id).known.told, 1U);
  EXPECT_EQ(by_id.at(finding(2).id).revision, 2U);
  EXPECT_TRUE(by_id.at(finding(2).id).is_final);
  EXPECT_FALSE(by_id.at(finding(3).id).is_final);
  store->know(by_id.at(finding(1).id).known);
  EXPECT_THAT(store->take_known_findings(), SizeIs(5));
}

StoredFinding held_back(int number, unsigned severity = 1) {
  StoredFinding held = finding(number);
  held.name = "web";
  held.kind = "elf";
  held.severity = severity;
  held.decision = "held_back";
  return held;
}

StoredFinding summary(int number, unsigned severity = 1) {
  StoredFinding summary = finding(number);
  summary.inode = 0;
  summary.severity = severity;
  summary.is_final = true;
  return summary;
}

TEST_F(StoreTest, CountsWhatWasHeldBackSinceTheLastSummaryThatWasTold) {
  {
    const auto store = open();
    for (const int i : {1, 2, 3}) store->save(held_back(i));
    for (const int i : {4, 5}) store->save(held_back(i, 3));
    // All in one commit, and by what the events say each is older than the summary before it.
    store->save(summary(90));
    store->set_told(summary(90).id, 1);
    for (const int i : {6, 7}) store->save(held_back(i));
    store->save(summary(91));  // no output has written it
    StoredFinding shown_later = held_back(8);
    store->save(shown_later);
    store->set_told(shown_later.id, 2);
  }
  const auto store = open();
  const auto held = store->take_held_back();
  ASSERT_THAT(held, SizeIs(2));
  EXPECT_EQ(held[0].container, "c");
  EXPECT_EQ(held[0].name, "web");
  EXPECT_EQ(held[0].severity, 1U);
  EXPECT_EQ(held[0].count, 2U);
  EXPECT_EQ(held[1].severity, 3U);
  EXPECT_EQ(held[1].count, 2U);
  EXPECT_THAT(store->take_held_back(), IsEmpty());
  EXPECT_THAT(store->take_unfinished_findings(), IsEmpty()) << "it is made anew";
}

TEST_F(StoreTest, TakesARecordThatNoOutputWantsForToldOnceAnEarlierOneIs) {
  const auto store = open();
  const auto unwanted = [&](int number) {
    store->save(finding(number));
    StoredFinding later = finding(number, 2);
    later.is_unwanted = true;
    store->save(later);
  };
  store->set_told(finding(1).id, 1);
  for (const int i : {1, 2, 3}) unwanted(i);
  store->set_told(finding(2).id, 1);
  store->finish();
  EXPECT_EQ(number("SELECT told FROM finding WHERE id = '" + finding(1).id + "'"), 2);
  EXPECT_EQ(number("SELECT told FROM finding WHERE id = '" + finding(2).id + "'"), 2);
  EXPECT_EQ(number("SELECT told FROM finding WHERE id = '" + finding(3).id + "'"), 0);
}

// Else two records of a finding would have one number.
TEST_F(StoreTest, KnowsTheNumberOfTheLastRecordThatIsToldByTheStart) {
  {
    const auto store = open();
    const auto save = [&](int number, unsigned revision, bool is_final, unsigned told) {
      StoredFinding stored = finding(number, revision);
      stored.is_final = is_final;
      store->save(stored);
      store->set_told(stored.id, told);
    };
    save(1, 2, true, 2);
    save(2, 2, true, 1);
    save(3, 1, false, 1);
    save(4, 1, false, 2);  // by a start before
  }
  for (const KnownFinding& known : open()->take_known_findings())
    EXPECT_EQ(known.told, 2U) << std::to_integer<int>(known.place[1]);
}

TEST_F(StoreTest, KeepsTheMostRecentlySeenFindings) {
  Settings few = settings();
  few.max_findings = 32;
  {
    const auto store = open(few);
    for (int i = 1; i <= 100; ++i) {
      store->save(finding(i));
      store->set_told(finding(i).id, 1);
    }
    store->count(finding(7).id, at(1000));
  }
  const auto known = numbers(open(few)->take_known_findings());
  EXPECT_THAT(known, SizeIs(32));
  EXPECT_EQ(known.front(), 70);
  EXPECT_EQ(known.back(), 7) << "seen last";
  EXPECT_EQ(number("SELECT count(*) FROM record"), 32);
  EXPECT_EQ(number("SELECT count(*) FROM record WHERE seq NOT IN (SELECT seq FROM finding)"), 0);
}

TEST_F(StoreTest, ForgetsWhatWasNotSeenForLong) {
  Settings brief = settings();
  brief.max_age = 60s;
  const auto store = open(brief);
  for (const int i : {1, 2, 3}) store->save(finding(i));
  store->count(finding(1).id, at(90));
  store->keep_alive(at(63));
  EXPECT_TRUE(test::wait_for([&] { return number("SELECT count(*) FROM finding") == 2; }, 10s));
  store->finish();
  EXPECT_EQ(number("SELECT count(*) FROM finding WHERE id = '" + finding(2).id + "'"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM record"), 2);
}

TEST_F(StoreTest, StaysBelowItsSizeWithTheRowsOfWhatHasNoRecordAnyMore) {
  Settings small = settings();
  small.max_size = std::uint64_t{1} << 20U;
  const auto store = open(small);
  for (int round = 0; round < 6; ++round) {
    for (int i = 1; i <= 100; ++i) {
      StoredFinding stored = finding(round * 100 + i);
      stored.record = "{\"text\":\"" + std::string(10'000, 'x') + "\"}";
      store->save(stored);
    }
    ASSERT_TRUE(
        test::wait_for([&] { return number("SELECT count(*) FROM finding") == (round + 1) * 100; }, 10s));
  }
  store->finish();
  EXPECT_LE(std::filesystem::file_size(path()), 3 * small.max_size / 2);
  EXPECT_EQ(number("SELECT count(*) FROM finding"), 600);
  EXPECT_GT(number("SELECT count(*) FROM record"), 50);
  EXPECT_EQ(number("SELECT count(*) FROM record WHERE seq < 300"), 0) << "the oldest go first";
}

TEST_F(StoreTest, GivesUpRowsWhenTheirSizeAloneIsTooMuch) {
  Settings small = settings();
  small.max_size = std::uint64_t{256} << 10U;
  {
    const auto store = open();
    for (int i = 1; i <= 2000; ++i) store->save(finding(i));
  }
  const auto store = open(small);
  EXPECT_TRUE(test::wait_for(
      [&] {
        store->keep_alive(at(2001));
        const auto pages = static_cast<std::uint64_t>(number("PRAGMA page_count"));
        return pages * static_cast<std::uint64_t>(number("PRAGMA page_size")) <= small.max_size;
      },
      30s));
  EXPECT_GT(number("SELECT count(*) FROM finding"), 100);
  EXPECT_EQ(number("SELECT max(last_seen) / 1000000000 FROM finding"), 2000);
}

TEST_F(StoreTest, KeepsHowFarContainersWereLookedAt) {
  const SyncState state{.container = "c",
                        .mount = "/",
                        .synced_until = at(5),
                        .reasons = "overflow",
                        .updated = at(6),
                        .told_from = at(4),
                        .written_from = at(3)};
  {
    const auto store = open();
    store->save(state);
    store->save(SyncState{.container = "gone", .mount = "/"});
    store->remove_sync_states("gone");
  }
  EXPECT_THAT(open()->load_sync_states(), ElementsAre(state));
}

TEST_F(StoreTest, SaysHowTheLastRunEnded) {
  {
    const auto store = open();
    store->keep_alive(at(10));
  }
  {
    const auto store = open();
    EXPECT_EQ(store->last_run(), (LastRun{.alive_at = at(10), .is_clean_end = false}));
    store->end_cleanly(at(20));
  }
  {
    const auto store = open();
    EXPECT_EQ(store->last_run(), (LastRun{.alive_at = at(20), .is_clean_end = true}));
  }
  EXPECT_EQ(open()->last_run(), (LastRun{.alive_at = at(20), .is_clean_end = false}))
      << "until the next one says that it watches";
}

// In another process, killed while the thread commits.
TEST_F(StoreTest, LosesNothingThatWasCommittedWhenItIsKilled) {
  std::filesystem::create_directory(directory() / "state");
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto store = open();
    for (int i = 1;; ++i) {
      store->save(finding(i));
      store->set_told(finding(i).id, 1);
      ::usleep(200);
    }
  }
  const auto rows = [&] {
    return std::filesystem::exists(path()) ? number("SELECT count(*) FROM sqlite_schema") : 0;
  };
  ASSERT_TRUE(
      test::wait_for([&] { return rows() > 0 && number("SELECT count(*) FROM finding") > 200; }, 20s));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const auto known = open()->take_known_findings();
  EXPECT_GT(known.size(), 200U);
  // A commit may come between the last finding and what was said of it.
  const std::int64_t untold = number("SELECT count(*) FROM finding WHERE told = 0");
  EXPECT_LE(untold, 1);
  EXPECT_EQ(number("SELECT max(seq) FROM finding"), static_cast<std::int64_t>(known.size()) + untold)
      << "no gap";
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(StoreTest, SetsADamagedDatabaseAsideAndBeginsANewOne) {
  for (int round = 0; round < 4; ++round) {
    {
      const auto store = open();
      for (int i = 1; i <= 200; ++i) store->save(finding(i));
    }
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    if (round % 2 == 0) {
      file.seekp(4096);
      file << std::string(65536, '\xff');
    } else {
      file << "this is no database, but as long as one: " << std::string(200, '.');
    }
  }
  const auto store = open();
  store->save(finding(1));
  store->finish();
  EXPECT_EQ(number("SELECT count(*) FROM finding"), 1);
  EXPECT_THAT(set_aside(), SizeIs(2)) << "the newest";
  ASSERT_THAT(reports(), SizeIs(4));
  EXPECT_THAT(reports()[0], HasSubstr("degraded: the database is damaged"));
}

// Where the damage is in no page that is read at the start.
TEST_F(StoreTest, LooksThroughADatabaseThatWasNotClosed) {
  {
    const auto store = open();
    for (int i = 1; i <= 200; ++i) {
      StoredFinding large = finding(i);
      large.record.assign(2000, 'x');
      store->save(large);
    }
  }
  const auto page = number("PRAGMA page_count");
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    // Behind the header of a leaf, https://sqlite.org/fileformat.html: where its cells are.
    file.seekp((page - 1) * 4096 + 8);
    file << std::string(4, '\xff');
  }
  const auto store = open();
  ASSERT_TRUE(test::wait_for([&] { return set_aside().size() == 1 && !reports().empty(); }, 10s))
      << testing::PrintToString(reports());
  EXPECT_THAT(reports().front(), HasSubstr("quick_check"));
  store->save(finding(1));
  store->finish();
  EXPECT_EQ(number("SELECT count(*) FROM finding"), 1);
}

TEST_F(StoreTest, BeginsANewOneWhenItIsDamagedWhileItIsOpen) {
  const auto store = open();
  for (int i = 1; i <= 200; ++i) store->save(finding(i));
  ASSERT_TRUE(test::wait_for([&] { return number("SELECT count(*) FROM finding") == 200; }, 10s));
  {
    // Whatever is in the log comes before the file.
    Database database(path());
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(65536, '\xff');
  }
  {
    // Another's commit, so that no page is believed from memory.
    Database database(path());
    EXPECT_NO_THROW(database.execute("PRAGMA user_version = 1"));
  }
  store->save(finding(201));
  ASSERT_TRUE(test::wait_for([&] { return set_aside().size() == 1; }, 10s))
      << testing::PrintToString(reports());
  ASSERT_TRUE(test::wait_for([&] { return reports().size() == 2; }, 10s))
      << testing::PrintToString(reports());
  EXPECT_THAT(reports()[1], HasSubstr("well: "));
  EXPECT_EQ(number("SELECT count(*) FROM finding"), 1);
}

TEST_F(StoreTest, GoesOnWhenAFullDiskHasRoomAgain) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount";
  const std::string small = directory() / "small";
  std::filesystem::create_directory(small);
  ASSERT_EQ(::mount("small", small.c_str(), "tmpfs", 0, "mode=0700,size=1m"), 0);
  {
    const auto store = open({.path = small + "/state.db"});
    StoredFinding large = finding(1);
    large.record.assign(900'000, 'x');
    std::ofstream(small + "/ballast") << std::string(700'000, 'x');
    store->save(large);
    ASSERT_TRUE(test::wait_for([&] { return reports().size() == 1; }, 10s));
    EXPECT_THAT(reports()[0], HasSubstr("full"));
    StoredFinding further = finding(1, 2);
    store->save(further);
    std::filesystem::remove(small + "/ballast");
    ASSERT_TRUE(test::wait_for([&] { return reports().size() == 2; }, 10s));
    EXPECT_THAT(reports()[1], HasSubstr("well: "));
    EXPECT_EQ(Database(small + "/state.db").read_number("SELECT revision FROM finding"), 2);
  }
  EXPECT_EQ(::umount(small.c_str()), 0);
}

TEST_F(StoreTest, RefusesADirectoryThatCannotBeWritten) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount";
  const std::string read_only = directory() / "ro";
  std::filesystem::create_directory(read_only);
  ASSERT_EQ(::mount("ro", read_only.c_str(), "tmpfs", MS_RDONLY, "mode=0700"), 0);
  EXPECT_THAT(why_not({.path = read_only + "/state.db"}), HasSubstr("Read-only file system"));
  EXPECT_THAT(why_not({.path = read_only + "/below/state.db"}), HasSubstr("Read-only file system"));
  EXPECT_EQ(::umount(read_only.c_str()), 0);
}

TEST_F(StoreTest, RefusesASecondOwner) {
  const auto store = open();
  EXPECT_THAT(why_not(settings()), HasSubstr("another dropwarden uses it"));
}

TEST_F(StoreTest, RefusesADirectoryThatOthersMayChange) {
  std::filesystem::create_directory(directory() / "state");
  ASSERT_EQ(::chmod((directory() / "state").c_str(), 0777), 0);
  EXPECT_THAT(why_not(settings()), HasSubstr("others than root may change"));
}

TEST_F(StoreTest, LeavesTheDatabaseOfAnotherProgramAlone) {
  std::filesystem::create_directory(directory() / "state");
  Database(path()).execute("CREATE TABLE theirs(x)");
  EXPECT_THAT(why_not(settings()), HasSubstr("another program"));
  EXPECT_EQ(number("SELECT count(*) FROM sqlite_schema WHERE name = 'theirs'"), 1);
  EXPECT_THAT(set_aside(), IsEmpty());
}

TEST_F(StoreTest, LeavesTheDatabaseOfANewerVersionAlone) {
  open();
  Database(path()).execute("PRAGMA user_version = 1000");
  EXPECT_THAT(why_not(settings()), HasSubstr("newer version"));
  EXPECT_THAT(set_aside(), IsEmpty());
}

TEST_F(StoreTest, TakesEachWayOfForcingToTheDisk) {
  for (const Fsync fsync : {Fsync::normal, Fsync::full, Fsync::off}) {
    Settings chosen = settings();
    chosen.fsync = fsync;
    const auto store = open(chosen);
    store->save(finding(1));
  }
  EXPECT_EQ(number("SELECT count FROM finding"), 3) << "told anew by each";
}

}  // namespace
}  // namespace dropwarden::store
