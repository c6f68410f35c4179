// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "own_place.hpp"
#include "support/command.hpp"
#include "support/daemon.hpp"
#include "support/database.hpp"
#include "support/file.hpp"
#include "support/overlay.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

// The monitor and one overlay, which no runtime knows.
class Policy : public OwnPlace {
 protected:
  void SetUp() override {
    OwnPlace::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directories(path("daemon/dropwarden.d"));
    std::filesystem::create_directory(path("overlay"));
    overlay_ = std::make_unique<TestOverlay>(path("overlay"));
  }
  void start(const std::string& policy) {
    daemon_ =
        std::make_unique<Daemon>(path("daemon"), std::vector<RuntimeSocket>{}, std::vector<std::string>{},
                                 "scan:\n  first_start: false\n  sweep: false\n" + policy);
  }
  void write(const std::string& file) {
    write_file(overlay_->merged() + file, "#!/bin/sh\n: " + file + "\n");
  }
  std::optional<Record> wait_for_path(const std::string& file) {
    return daemon_->wait_for_record(
        [&](const Record& record) { return text_at(record, "/event/file/path") == file; }, 30s);
  }
  bool has_path(const std::string& file) {
    return std::ranges::any_of(daemon_->records(), [&](const Record& record) {
      return text_at(record, "/event/file/path") == file;
    });
  }

  std::unique_ptr<TestOverlay> overlay_;
  std::unique_ptr<Daemon> daemon_;
};

TEST_F(Policy, ExceptsAndIsReadAgainWhenAFileChanges) {
  const auto exception = [](const std::string& name) {
    return "policy:\n  exceptions:\n    - {name: " + name + ", reason: expected, path: /tmp/" + name + "}\n";
  };
  start(exception("one"));
  write("/tmp/one");
  write("/tmp/shown");
  ASSERT_TRUE(wait_for_path("/tmp/shown"));

  write_file(path("daemon/dropwarden.d/two.yaml"), exception("two"));
  ASSERT_TRUE(daemon_->wait_for_log("policy generation=2 exceptions=2", 30s)) << daemon_->log();
  write("/tmp/two");
  write("/tmp/shown-2");
  const auto shown = wait_for_path("/tmp/shown-2");
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->at_pointer("/decision/generation").as_int64(), 2);

  write_file(path("daemon/dropwarden.d/two.yaml"), "policy:\n  exceptions: oops\n");
  ASSERT_TRUE(daemon_->wait_for_log("the old configuration stays, policy generation=2", 30s));
  EXPECT_THAT(daemon_->log(), HasSubstr("two.yaml:2:15: policy.exceptions"));
  write("/tmp/two");
  write("/tmp/shown-3");
  ASSERT_TRUE(wait_for_path("/tmp/shown-3"));

  EXPECT_FALSE(has_path("/tmp/one"));
  EXPECT_FALSE(has_path("/tmp/two"));
  EXPECT_EQ(daemon_->stop().text(), "status 0");
  EXPECT_EQ(daemon_->ledger()["balanced"], 1U);
  EXPECT_GE(daemon_->ledger()["excepted"], 2U);
  EXPECT_EQ(read_number(
                path("daemon/state/state.db"),
                "SELECT count(*) FROM record WHERE json_extract(json, '$.decision.exception.name') = 'one'"),
            1);
}

// What it prints is put into a drop-in as it stands: the same file is then excepted, and its neighbours are
// not.
TEST_F(Policy, ExceptsWhatExplainPrintsAndNothingElse) {
  start("");
  const std::string name = "/tmp/a [*] \"b\"";
  write(name);
  const auto found = wait_for_path(name);
  ASSERT_TRUE(found) << daemon_->log();
  // It is in the database a moment after it was printed.
  CommandResult explained;
  ASSERT_TRUE(wait_for(
      [&] {
        explained =
            run_dropwarden({"explain", "--config", daemon_->configuration_file(), text_at(*found, "/id")});
        return explained.status.is_success();
      },
      30s))
      << explained.error;
  write_file(path("daemon/dropwarden.d/e.yaml"), explained.output.substr(explained.output.find("policy:\n")));
  ASSERT_TRUE(daemon_->wait_for_log("policy generation=2 exceptions=1", 30s)) << daemon_->log();
  std::filesystem::remove(overlay_->merged() + name);
  write(name);
  write_file(overlay_->merged() + "/tmp/a b", read_file(overlay_->merged() + name));
  const auto neighbour = wait_for_path("/tmp/a b");
  ASSERT_TRUE(neighbour) << "of the same bytes, elsewhere";
  EXPECT_EQ(daemon_->stop().text(), "status 0");
  EXPECT_EQ(daemon_->ledger()["excepted"], 1U);
  const auto now =
      run_dropwarden({"findings", "--store", path("daemon/state/state.db"), "--decision", "excepted"});
  EXPECT_THAT(now.output, HasSubstr("/tmp/a [*]"));
}

TEST_F(Policy, HoldsBackAFloodInTheStoreAndSaysHowMuch) {
  start("policy:\n  rate: {per_minute: 1, burst: 3, summary_interval: 1s}\n");
  for (int i = 0; i < 10; ++i) write("/tmp/flood-" + std::to_string(i));
  const auto summary = daemon_->wait_for_record(
      [](const Record& record) { return text_at(record, "/signature/event_name") == "findings_held_back"; },
      30s);
  ASSERT_TRUE(summary);
  EXPECT_EQ(daemon_->stop().text(), "status 0");
  auto ledger = daemon_->ledger();
  EXPECT_EQ(ledger["balanced"], 1U);
  EXPECT_EQ(ledger["held_back"], 7U);
  std::int64_t told = 0;
  for (const Record& record : daemon_->records()) told += record.at_pointer("/decision/held_back").as_int64();
  EXPECT_EQ(told, 7);
  EXPECT_EQ(
      read_number(path("daemon/state/state.db"),
                  "SELECT count(*) FROM record WHERE json_extract(json, '$.decision.verdict') = 'held_back'"),
      7);
}

TEST_F(Policy, SaysAfterTheDeathOfTheMonitorWhatItHadHeldBack) {
  start("policy:\n  rate: {per_minute: 1, burst: 3, summary_interval: 1h}\n");
  for (int i = 0; i < 10; ++i) write("/tmp/flood-" + std::to_string(i));
  const auto is_stored = [&] {
    return read_number(path("daemon/state/state.db"),
                       "SELECT count(*) FROM finding WHERE decision = 'held_back'") == 7;
  };
  ASSERT_TRUE(wait_for(is_stored, 30s)) << daemon_->log();
  daemon_->send("monitor", SIGKILL);
  const auto summary = daemon_->wait_for_record(
      [](const Record& record) { return text_at(record, "/signature/event_name") == "findings_held_back"; },
      30s);
  ASSERT_TRUE(summary) << daemon_->log();
  EXPECT_EQ(summary->at_pointer("/decision/held_back").as_int64(), 7);
}

}  // namespace
}  // namespace dropwarden::test
