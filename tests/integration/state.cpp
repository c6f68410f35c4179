// SPDX-License-Identifier: Apache-2.0
// What the daemon remembers beyond its end, and what it does where it cannot.
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sys/mount.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/fd.hpp"

#include "own_place.hpp"
#include "support/daemon.hpp"
#include "support/database.hpp"
#include "support/overlay.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// Daemons that come one after the other, or stand beside each other, with one database, and an overlay that
// is there before them.
class State : public OwnOverlay {
 protected:
  std::string store() const { return path("state/state.db"); }
  std::string merged(const std::string& name) const { return overlay_->merged() + name; }
  std::int64_t number(const std::string& sql) const { return read_number(store(), sql); }

  std::unique_ptr<Daemon> start() { return start(store()); }
  std::unique_ptr<Daemon> start(const std::string& store) {
    const std::string directory = path("daemon" + std::to_string(++daemons_));
    std::filesystem::create_directory(directory);
    return std::make_unique<Daemon>(directory, std::vector<RuntimeSocket>{}, std::vector<std::string>{},
                                    watch_without_runtimes(), store);
  }

  void drop(const std::string& name) const { std::ofstream(merged(name)) << "#!/bin/sh\n# " << name << "\n"; }
  // An event of the file, which stays as it is.
  void close_written(const std::string& name) const {
    const sys::Fd file{::open(merged(name).c_str(), O_WRONLY | O_CLOEXEC)};
    EXPECT_GE(file.number(), 0) << name;
  }
  // A file system below the directory, which unmounts it.
  std::string mount(const std::string& name, unsigned long flags, const std::string& options) const {
    std::filesystem::create_directory(path(name));
    EXPECT_EQ(::mount("test", path(name).c_str(), "tmpfs", flags, options.c_str()), 0);
    return path(name);
  }
  static std::optional<Record> wait_for_drop(Daemon& daemon, const std::string& name) {
    return daemon.wait_for_record([&](const Record& record) { return path_of(record) == name; }, 20s);
  }
  // What is found in the overlay: the daemon watches all of the machine.
  static std::vector<Record> own_records(Daemon& daemon) {
    std::vector<Record> own;
    for (const Record& record : daemon.records()) {
      if (path_of(record).rfind('/') == 0) own.push_back(record);
    }
    return own;
  }

 private:
  int daemons_ = 0;
};

TEST_F(State, CountsARepeatAfterARestartAndPrintsItNoMore) {
  std::string id;
  {
    const auto daemon = start();
    drop("/x");
    const auto record = wait_for_drop(*daemon, "/x");
    ASSERT_TRUE(record) << daemon->log();
    id = text_at(*record, "/id");
    EXPECT_TRUE(daemon->stop().is_success());
  }
  EXPECT_EQ(number("SELECT is_clean_end FROM run"), 1);
  // Another sensor may have seen it as well.
  const auto count = number("SELECT count FROM finding");
  const auto daemon = start();
  close_written("/x");
  EXPECT_TRUE(wait_for([&] { return number("SELECT count FROM finding") > count; }, 20s)) << daemon->log();
  EXPECT_EQ(number("SELECT is_clean_end FROM run"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM finding WHERE id = '" + id + "' AND told = 1"), 1);
  EXPECT_TRUE(daemon->stop().is_success());
  EXPECT_THAT(own_records(*daemon), IsEmpty());
  EXPECT_GE(daemon->ledger().at("duplicate"), 1U);
}

TEST_F(State, TellsWhereADropWasMovedToUnderTheSameId) {
  const auto daemon = start();
  drop("/x.dpkg-new");
  // The sensor of names may be first, and knows of no process.
  const auto is_whole = [](const Record& record) {
    return path_of(record) == "/x.dpkg-new" && !text_at(record, "/event/process/pid").empty();
  };
  const auto first = daemon->wait_for_record(is_whole, 20s);
  ASSERT_TRUE(first) << daemon->log();
  std::filesystem::rename(merged("/x.dpkg-new"), merged("/x"));
  std::filesystem::permissions(merged("/x"), std::filesystem::perms{0755});
  close_written("/x");
  // A sensor may see it between the two.
  const auto is_both = [](const Record& record) {
    return path_of(record) == "/x" && text_at(record, "/event/file/mode") == "0755";
  };
  const auto second = daemon->wait_for_record(is_both, 20s);
  ASSERT_TRUE(second) << daemon->log();
  EXPECT_EQ(text_at(*second, "/id"), text_at(*first, "/id"));
  EXPECT_NE(text_at(*second, "/revision"), "1");
  EXPECT_EQ(text_at(*second, "/status"), "final");
  EXPECT_EQ(text_at(*second, "/event/process/pid"), text_at(*first, "/event/process/pid"));
}

TEST_F(State, LosesNothingToAKillAndTellsAgainOnlyWhatWasNotKnownToBeTold) {
  constexpr int drops = 400;
  const auto name = [](int i) { return "/" + std::to_string(i); };
  std::map<std::string, std::string> told;  // path and id
  {
    const auto daemon = start();
    const auto is_enough = [&] { return number("SELECT count(*) FROM finding WHERE told > 0") > drops / 4; };
    // Each is told when nobody has said for two seconds whose it is: at a distance, so that the kill finds
    // some that wait, some with the output and some with the thread that commits.
    for (int i = 0; i < drops; ++i) {
      drop(name(i));
      std::this_thread::sleep_for(2ms);
    }
    ASSERT_TRUE(wait_for(is_enough, 20s)) << daemon->log();
    daemon->send(SIGKILL);
    ASSERT_TRUE(wait_for([&] { return !daemon->is_running(); }, 10s));
    // The kill may have cut the last line.
    std::string text;
    std::ifstream output(path("daemon1/findings"));
    while (std::getline(output, text) && !output.eof()) {
      const Record record = boost::json::parse(text);
      told[path_of(record)] = text_at(record, "/id");
    }
    std::filesystem::resize_file(path("daemon1/findings"), 0);
  }
  const auto known = number("SELECT count(*) FROM finding WHERE told > 0");
  RecordProperty("known", static_cast<int>(known));
  EXPECT_LT(known, drops) << "the kill came too late";
  EXPECT_LE(known, static_cast<std::int64_t>(told.size())) << "told before it was written";
  const auto daemon = start();
  for (int i = 0; i < drops; ++i) close_written(name(i));
  EXPECT_TRUE(wait_for([&] { return number("SELECT count(*) FROM finding WHERE told > 0") == drops; }, 20s));
  daemon->stop();
  // What the scan found first is told once more when it is closed, by whom.
  std::set<std::string> ids;
  std::set<std::string> again;
  for (const Record& record : own_records(*daemon)) {
    ids.insert(text_at(record, "/id"));
    const auto before = told.find(path_of(record));
    if (before == told.end()) continue;
    again.insert(before->second);
    EXPECT_EQ(text_at(record, "/id"), before->second);
  }
  EXPECT_EQ(ids.size(), static_cast<std::size_t>(drops - known));
  EXPECT_EQ(again.size(), told.size() - static_cast<std::size_t>(known));
}

// As a kill leaves it between the commit of the row and the line, or the line and its further revision.
TEST_F(State, PrintsAtTheStartWhatAKilledDaemonHadFoundAndNotTold) {
  std::map<std::string, Record> before;
  {
    const auto daemon = start();
    for (const char* name : {"/untold", "/open", "/told"}) {
      drop(name);
      const auto record = wait_for_drop(*daemon, name);
      ASSERT_TRUE(record) << daemon->log();
      before[name] = *record;
    }
    EXPECT_TRUE(daemon->stop().is_success());
  }
  number("UPDATE finding SET told = 0 WHERE path = '/untold'");
  number("UPDATE record SET json = replace(json, '\"final\"', '\"open\"')");
  number("UPDATE finding SET is_final = 0 WHERE path = '/open'");
  number(
      "UPDATE record SET json = replace(json, '\"open\"', '\"final\"') "
      "WHERE seq = (SELECT seq FROM finding WHERE path = '/untold')");
  std::filesystem::remove(merged("/untold"));
  {
    const auto daemon = start();
    const auto untold = wait_for_drop(*daemon, "/untold");
    const auto open = wait_for_drop(*daemon, "/open");
    ASSERT_TRUE(untold && open) << daemon->log();
    EXPECT_EQ(*untold, before["/untold"]) << "with its writer, though the file is gone";
    EXPECT_EQ(text_at(*open, "/id"), text_at(before["/open"], "/id"));
    EXPECT_EQ(text_at(*open, "/revision"), "2");
    EXPECT_EQ(text_at(*open, "/status"), "final");
    const std::string count = "SELECT count FROM finding WHERE path = '/open'";
    const auto before_sighting = number(count);
    close_written("/open");
    EXPECT_TRUE(wait_for([&] { return number(count) > before_sighting; }, 20s));
    EXPECT_TRUE(daemon->stop().is_success());
    EXPECT_THAT(own_records(*daemon), SizeIs(2));
  }
  const auto daemon = start();
  EXPECT_TRUE(daemon->stop().is_success());
  EXPECT_THAT(own_records(*daemon), IsEmpty());
}

TEST_F(State, BeginsAnewWhereTheDatabaseIsDamaged) {
  std::filesystem::create_directory(path("state"));
  std::ofstream(store()) << std::string(10000, 'x');
  const auto daemon = start();
  EXPECT_TRUE(daemon->wait_for_log("the database is damaged", 0s)) << daemon->log();
  drop("/x");
  EXPECT_TRUE(wait_for_drop(*daemon, "/x"));
  EXPECT_TRUE(wait_for([&] { return number("SELECT count(*) FROM finding") == 1; }, 20s));
}

TEST_F(State, GoesOnWithAFullDiskAndStoresLaterWhatItTold) {
  const std::string small = mount("small", 0, "mode=0700,size=1m");
  const auto daemon = start(small + "/state.db");
  const sys::Fd ballast{::open((small + "/ballast").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  const std::string block(4096, 'x');
  while (::write(ballast.number(), block.data(), block.size()) > 0) {
  }
  for (int i = 0; i < 50; ++i) drop("/" + std::to_string(i));
  EXPECT_TRUE(wait_for_drop(*daemon, "/49"));
  EXPECT_TRUE(daemon->wait_for_log("full", 20s)) << daemon->log();
  std::filesystem::remove(small + "/ballast");
  ASSERT_EQ(::ftruncate(ballast.number(), 0), 0);
  EXPECT_TRUE(daemon->wait_for_log("stored again", 20s)) << daemon->log();
  daemon->stop();
  EXPECT_EQ(read_number(small + "/state.db", "SELECT count(*) FROM finding WHERE told = 1"), 50);
}

TEST_F(State, GoesOnWithoutADatabaseWhereNothingCanBeWritten) {
  const auto daemon = start(mount("read-only", MS_RDONLY, "mode=0700") + "/state.db");
  EXPECT_TRUE(daemon->wait_for_log("Set store.path", 0s)) << daemon->log();
  drop("/x");
  EXPECT_TRUE(wait_for_drop(*daemon, "/x"));
  close_written("/x");
  EXPECT_TRUE(daemon->stop().is_success());
  EXPECT_THAT(own_records(*daemon), SizeIs(1));
}

TEST_F(State, GivesTheDatabaseToOneOfTwoDaemons) {
  const auto first = start();
  const auto second = start();
  EXPECT_TRUE(second->wait_for_log("another dropwarden uses it", 0s)) << second->log();
  drop("/x");
  EXPECT_TRUE(wait_for_drop(*first, "/x"));
  EXPECT_TRUE(wait_for_drop(*second, "/x"));
  EXPECT_TRUE(wait_for([&] { return number("SELECT told FROM finding") == 1; }, 20s));
}

}  // namespace
}  // namespace dropwarden::test
