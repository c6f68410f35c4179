// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "own_place.hpp"
#include "support/daemon.hpp"
#include "support/overlay.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

// `run --events magic_write` on an overlay that is there before it starts. What is mounted goes with the
// directory.
class Events : public OwnOverlay {
 protected:
  void start(const std::vector<std::string>& options) {
    std::filesystem::create_directory(path("daemon"));
    daemon_ = std::make_unique<Daemon>(path("daemon"), std::vector<RuntimeSocket>{}, options,
                                       watch_without_runtimes());
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(overlay_->merged() + name) << text;
  }
  void drop(const std::string& name) {
    std::filesystem::copy_file("/bin/busybox", overlay_->merged() + name);
  }

  // The records for which `name_of` gives something, in their order.
  template <class NameOf>
  std::vector<std::string> names(NameOf name_of) {
    std::vector<std::string> names;
    for (const auto& record : daemon_->records()) {
      const std::string name = name_of(record);
      if (!name.empty()) names.push_back(name);
    }
    return names;
  }

  std::unique_ptr<Daemon> daemon_;
};

std::string native_name(const Record& record, const std::string& path) {
  return path_of(record) == path ? text_at(record, "/schema") : std::string();
}

// In the order in which Tracee prints them.
TEST_F(Events, AreToldOfEveryWriteAndBeforeTheFinding) {
  start({"--events", "magic_write"});
  write("/text", "not an executable");
  // Not one file: the kernel merges what a process does to a file until it is read, fanotify(7).
  for (int i = 0; i < 20; ++i)
    write("/many" + std::to_string(i), std::string(static_cast<std::size_t>(i), 'x'));
  drop("/dropped");
  const auto is_final = [](const Record& record) {
    return path_of(record) == "/dropped" && text_at(record, "/status") == "final";
  };
  ASSERT_TRUE(daemon_->wait_for_record(is_final, 20s)) << daemon_->log();
  EXPECT_THAT(names([](const Record& record) { return native_name(record, "/dropped"); }),
              ElementsAre("dropwarden.event/1", "dropwarden.finding/1"));
  EXPECT_THAT(names([](const Record& record) { return native_name(record, "/text"); }),
              ElementsAre("dropwarden.event/1"));
  const auto name_of_many = [](const Record& record) {
    const std::string name = path_of(record);
    return name.starts_with("/many") ? name : std::string();
  };
  EXPECT_THAT(names(name_of_many), SizeIs(20));
  const auto text =
      daemon_->wait_for_record([](const Record& record) { return path_of(record) == "/text"; }, 0s);
  ASSERT_TRUE(text);
  EXPECT_EQ(text_at(*text, "/event/name"), "magic_write");
  EXPECT_EQ(text_at(*text, "/event/header"), "bm90IGFuIGV4ZWN1dGFibGU=");
  EXPECT_EQ(text_at(*text, "/event/file/kind"), "");
  EXPECT_EQ(text_at(*text, "/event/file/size"), "17");
  EXPECT_EQ(text_at(*text, "/event/file/sha256/status"), "skipped");
  EXPECT_EQ(text_at(*text, "/event/process/pid"), std::to_string(::getpid()));
  EXPECT_TRUE(daemon_->stop().is_success());
  const auto ledger = daemon_->ledger();
  EXPECT_EQ(ledger.at("balanced"), 1U) << daemon_->log();
  EXPECT_GE(ledger.at("not_executable"), 21U);
}

TEST_F(Events, AreNotToldUnlessAskedFor) {
  start({});
  write("/text", "not an executable");
  drop("/dropped");
  const auto is_final = [](const Record& record) { return text_at(record, "/status") == "final"; };
  ASSERT_TRUE(daemon_->wait_for_record(is_final, 20s)) << daemon_->log();
  EXPECT_THAT(names([](const Record& record) { return native_name(record, "/text"); }), SizeIs(0));
}

std::string tracee_name(const Record& record, const std::string& path) {
  return text_at(record, "/args/0/value") == path
             ? text_at(record, "/args/0/name") + " " + text_at(record, "/eventId")
             : std::string();
}

TEST_F(Events, ArePrintedAsTraceeDoesWithEachFindingOnce) {
  start({"--events", "magic_write", "--format", "tracee"});
  drop("/dropped");
  write("/text", "not an executable");
  const auto is_text = [](const Record& record) { return text_at(record, "/args/0/value") == "/text"; };
  ASSERT_TRUE(daemon_->wait_for_record(is_text, 20s)) << daemon_->log();
  EXPECT_TRUE(daemon_->stop().is_success());
  EXPECT_THAT(names([](const Record& record) { return tracee_name(record, "/dropped"); }),
              ElementsAre("pathname 727", "path 6029"));
  EXPECT_THAT(names([](const Record& record) { return tracee_name(record, "/text"); }),
              ElementsAre("pathname 727"));
  const auto finding = daemon_->wait_for_record(
      [](const Record& record) { return text_at(record, "/eventName") == "dropped_executable"; }, 0s);
  ASSERT_TRUE(finding);
  EXPECT_EQ(text_at(*finding, "/hostProcessId"), std::to_string(::getpid()));
  EXPECT_EQ(text_at(*finding, "/args/1/value/args/0/value"), "/dropped");
  EXPECT_EQ(text_at(*finding, "/metadata/Properties/signatureID"), "TRC-1022");
}

}  // namespace
}  // namespace dropwarden::test
