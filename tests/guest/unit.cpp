// SPDX-License-Identifier: Apache-2.0
// The unit that is installed, under systemd itself: started, asked, reloaded, killed, stopped in the middle.
#include <chrono>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest_test.hpp"
#include "support/command.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto patience = 120s;  // the processor is emulated

class Unit : public GuestTest {
 protected:
  void SetUp() override {
    GuestTest::SetUp();
    if (IsSkipped()) return;
    directory_ = make_directory();
    configure("");
    std::string text = read_file(DROPWARDEN_UNIT);
    const std::string program = "ExecStart=/usr/local/bin/dropwarden run";
    ASSERT_THAT(text, HasSubstr(program));
    text.replace(text.find(program), program.size(),
                 "ExecStart=" + dropwarden_binary() + " run --config " + configuration_file());
    write_file(unit_file, text);
    std::filesystem::create_directories(settings_directory);
    write_file(std::string(settings_directory) + "/test.conf",
               "[Service]\nWatchdogSec=20s\nTimeoutStopSec=10s\nRestartSec=100ms\n");
    require_command({"systemctl", "daemon-reload"});
  }
  void TearDown() override {
    if (IsSkipped()) return;
    run_command({"systemctl", "stop", "dropwarden"});
    run_command({"systemctl", "reset-failed", "dropwarden"});
    std::filesystem::remove(unit_file);
    std::filesystem::remove_all(settings_directory);
    run_command({"systemctl", "daemon-reload"});
  }

  void configure(const std::string& more) const {
    write_file(configuration_file(), "runtimes: {sockets: [{type: docker, socket: " + docker().socket().path +
                                         "}]}\nstore: {path: " + directory_ + "/store/state.db}\n" + more);
  }
  static std::string property(const std::string& name) {
    return require_command({"systemctl", "show", "--value", "--property=" + name, "dropwarden"});
  }
  static std::string journal() {
    return require_command({"journalctl", "--unit=dropwarden", "--output=cat", "--no-pager"});
  }
  // As RESULT of the unit, and started again.
  static bool is_restarted() {
    return wait_for([] { return property("NRestarts") != "0" && property("SubState") == "running"; },
                    patience);
  }
  static void expect_to_see_a_drop() {
    const auto container = start(docker());
    drop(docker(), container, "/tmp/x");
    EXPECT_TRUE(wait_for([&] { return journal().find(container.id) != std::string::npos; }, patience))
        << journal();
  }

 private:
  std::string configuration_file() const { return directory_ + "/dropwarden.yaml"; }

  static constexpr const char* unit_file = "/run/systemd/system/dropwarden.service";
  static constexpr const char* settings_directory = "/run/systemd/system/dropwarden.service.d";
  std::string directory_;
};

TEST_F(Unit, IsStartedOnceItWatchesAndReadsItsConfigurationAgain) {
  const auto started =
      run_command({"systemctl", "start", "dropwarden"}, {.limit = patience, .environment = {}});
  ASSERT_TRUE(started.status.is_success()) << started.error << journal();
  EXPECT_THAT(journal(), HasSubstr("ready containers="));
  EXPECT_THAT(property("StatusText"), HasSubstr("containers"));
  EXPECT_EQ(property("NoNewPrivileges"), "yes");
  expect_to_see_a_drop();
  configure("logging: {level: debug}\n");
  const auto reloaded =
      run_command({"systemctl", "reload", "dropwarden"}, {.limit = patience, .environment = {}});
  EXPECT_TRUE(reloaded.status.is_success()) << reloaded.error;
  EXPECT_TRUE(
      wait_for([] { return journal().find("configuration read again") != std::string::npos; }, patience));
  const auto stopped =
      run_command({"systemctl", "stop", "dropwarden"}, {.limit = patience, .environment = {}});
  EXPECT_TRUE(stopped.status.is_success()) << stopped.error;
  EXPECT_EQ(property("Result"), "success");
  EXPECT_THAT(journal(), HasSubstr("balanced=true"));
}

// With a priority and an identifier, by which a catalog explains it.
TEST_F(Unit, SendsItsLogToTheJournalWithWhatItMeans) {
  require_command({"systemctl", "start", "dropwarden"}, {.limit = patience, .environment = {}});
  require_command({"pkill", "--signal", "KILL", "--exact", "dw-marker"});
  const auto lost = [] {
    return run_command({"journalctl", "--unit=dropwarden", "--output=cat", "--no-pager", "--priority=err",
                        "MESSAGE_ID=a805a920e0d18b928201b392f274f4a0"})
        .output;
  };
  EXPECT_TRUE(wait_for([&] { return lost().find("the marker has ended") != std::string::npos; }, patience))
      << journal();
}

// By fields of its own, which journalctl(1) finds; and once.
TEST_F(Unit, TellsTheJournalOfAFinding) {
  configure("outputs:\n  - {type: journald, format: text}\n");
  require_command({"systemctl", "start", "dropwarden"}, {.limit = patience, .environment = {}});
  const auto container = start(docker());
  drop(docker(), container, "/tmp/told");
  const auto entries = [&] {
    return run_command({"journalctl", "--no-pager", "--output=export", "DROPWARDEN_PATH=/tmp/told",
                        "DROPWARDEN_REVISION=1", "CONTAINER_ID_FULL=" + container.id})
        .output;
  };
  ASSERT_TRUE(wait_for([&] { return entries().find("DROPWARDEN_ID=") != std::string::npos; }, patience))
      << journal();
  EXPECT_THAT(entries(), HasSubstr("\nSYSLOG_IDENTIFIER=dropwarden\n"));
  EXPECT_EQ(entries().find("DROPWARDEN_ID="), entries().rfind("DROPWARDEN_ID="));
}

TEST_F(Unit, IsStartedAgainWhenItIsKilled) {
  require_command({"systemctl", "start", "dropwarden"}, {.limit = patience, .environment = {}});
  require_command({"systemctl", "kill", "--signal=KILL", "dropwarden"});
  ASSERT_TRUE(is_restarted()) << journal();
  expect_to_see_a_drop();
}

TEST_F(Unit, IsStartedAgainWhenItNoLongerShowsLife) {
  require_command({"systemctl", "start", "dropwarden"}, {.limit = patience, .environment = {}});
  require_command({"systemctl", "kill", "--signal=STOP", "dropwarden"});
  ASSERT_TRUE(is_restarted()) << journal();
  EXPECT_THAT(require_command({"journalctl", "--no-pager", "--output=cat", "_PID=1"}),
              HasSubstr("Watchdog timeout"));
}

TEST_F(Unit, IsNotStartedAgainWithAWrongConfiguration) {
  configure("nonsense: true\n");
  EXPECT_FALSE(run_command({"systemctl", "start", "dropwarden"}, {.limit = patience, .environment = {}})
                   .status.is_success());
  EXPECT_TRUE(wait_for([] { return property("ActiveState") == "failed"; }, patience))
      << property("ActiveState");
  EXPECT_EQ(property("NRestarts"), "0");
  EXPECT_EQ(property("ExecMainStatus"), "2");
}

}  // namespace
}  // namespace dropwarden::test
