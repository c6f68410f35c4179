// SPDX-License-Identifier: Apache-2.0
// The three processes of a running dropwarden: what each may do, and that the death of one costs no finding.
#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "moments.hpp"
#include "support/hoarder.hpp"
#include "support/occurrences.hpp"
#include "support/other_user.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;

class Parts : public Moments {
 protected:
  std::string status_of(const std::string& part) const {
    return read_file("/proc/" + std::to_string(daemon_->part(part)) + "/status");
  }
  // Another process than `before` is this part.
  bool is_replaced(const std::string& part, pid_t before) const {
    return test::wait_for(
        [&] {
          const pid_t now = daemon_->part(part);
          return now != 0 && now != before;
        },
        patience);
  }
  // Of `status --json`: how often that part was replaced.
  std::int64_t restarts(const std::string& part) const {
    const auto result = run_dropwarden({"status", "--json", "--config", daemon_->configuration_file()});
    boost::system::error_code error;
    const auto status = boost::json::parse(result.output, error);
    return error ? -1 : status.at("channel").at(part + "_restarts").to_number<std::int64_t>();
  }
  std::size_t count_in_log(const std::string& text) const { return count_occurrences(daemon_->log(), text); }
  // A container that starts now is marked, and what is dropped in it is told.
  void expect_to_watch_what_starts(const std::string& name) {
    std::filesystem::create_directory(path(name));
    const TestOverlay started(path(name));
    EXPECT_TRUE(test::wait_for([&] { return daemon_->report().find(started.merged()) != std::string::npos; },
                               patience))
        << daemon_->log();
    std::filesystem::copy_file("/bin/busybox", started.merged() + "/tmp/" + name);
    EXPECT_TRUE(wait_for("/tmp/" + name)) << daemon_->log();
  }
  // With one write and one close: where the monitor sees two of them apart, each is a finding of its own.
  void drop_whole(const std::string& file) const {
    write_file(in_container(file), "#!/bin/sh\n# " + file + "\n");
  }
  // Drops many files, kills `part` at its place in the row, and looks for each under exactly one id.
  void drop_many_and_kill(const std::string& part) {
    start(no_sweep);
    ASSERT_TRUE(wait_until_synced());
    constexpr int files = 120;
    std::int64_t kills = 0;
    for (int i = 0; i < files; ++i) {
      if (i % 40 == 20) {
        const pid_t before = daemon_->part(part);
        ASSERT_NE(before, 0);
        ::kill(before, SIGKILL);
        ++kills;
        for (int n = 0; n < 10; ++n) drop_whole("/tmp/at-" + std::to_string(i) + "-" + std::to_string(n));
        ASSERT_TRUE(is_replaced(part, before)) << daemon_->log();
      }
      drop_whole("/tmp/" + std::to_string(i));
    }
    for (const auto& entry : std::filesystem::directory_iterator(in_container("/tmp"))) {
      const std::string file = "/tmp/" + entry.path().filename().string();
      EXPECT_TRUE(wait_for(file)) << file << daemon_->log();
    }
    std::map<std::string, std::set<std::string>> ids;
    for (const auto& record : daemon_->records())
      ids[text_at(record, "/data/path")].insert(text_at(record, "/id"));
    for (const auto& [file, all] : ids) {
      if (!file.starts_with("/tmp/")) continue;
      EXPECT_EQ(all.size(), 1U) << file;
    }
    // Each time it is said, and counted.
    const std::string ended =
        "the " + part + " has ended (killed by signal 9 (KILL)): another one is started, ";
    EXPECT_EQ(count_in_log(ended), static_cast<std::size_t>(kills)) << daemon_->log();
    EXPECT_TRUE(test::wait_for([&] { return restarts(part) == kills; }, patience)) << restarts(part);
    EXPECT_EQ(daemon_->stop().value, 0);
  }
};

// The one of the descriptors of the monitor that leads to the supervisor: it waits for that without end, and
// for the marker on its lanes for a time (SO_RCVTIMEO).
sys::Fd take_link_of(pid_t monitor) {
  const sys::Fd process(static_cast<int>(::syscall(SYS_pidfd_open, monitor, 0)));
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(monitor) + "/fd")) {
    const int number = std::stoi(entry.path().filename());
    sys::Fd copy(static_cast<int>(::syscall(SYS_pidfd_getfd, process.number(), number, 0)));
    int type = 0;
    socklen_t length = sizeof type;
    if (::getsockopt(copy.number(), SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_SEQPACKET)
      continue;
    struct timeval limit{};
    length = sizeof limit;
    require(::getsockopt(copy.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, &length) == 0, "getsockopt");
    if (limit.tv_sec == 0 && limit.tv_usec == 0) return copy;
  }
  return {};
}

TEST_F(Parts, TheMonitorHasNoPrivilegeAndTheMarkerLittle) {
  start(no_sweep);
  const auto monitor = status_of("monitor");
  EXPECT_THAT(monitor, HasSubstr("CapEff:\t0000000000000000"));
  EXPECT_THAT(monitor, HasSubstr("CapPrm:\t0000000000000000"));
  EXPECT_THAT(monitor, HasSubstr("CapBnd:\t0000000000000000"));
  EXPECT_THAT(monitor, HasSubstr("NoNewPrivs:\t1"));
  EXPECT_THAT(monitor, testing::Not(HasSubstr("Uid:\t0\t")));
  EXPECT_THAT(monitor, testing::ContainsRegex("Groups:\t *\n"));
  const auto marker = status_of("marker");
  EXPECT_THAT(marker, HasSubstr("NoNewPrivs:\t1"));
  // Bits 2, 19, 21 and 28 of linux/capability.h, as far as they are there.
  const auto effective = std::stoull(marker.substr(marker.find("CapEff:\t") + 8, 16), nullptr, 16);
  EXPECT_EQ(effective & ~((1ULL << 2) | (1ULL << 19) | (1ULL << 21) | (1ULL << 28)), 0U);
  EXPECT_NE(effective & (1ULL << 21), 0U);
}

TEST_F(Parts, TheDeathOfTheMarkerCostsNoFinding) {
  drop_many_and_kill("marker");
}

TEST_F(Parts, TheDeathOfTheMonitorCostsNoFinding) {
  drop_many_and_kill("monitor");
}

TEST_F(Parts, ANewMarkerMarksWhatComesAfterTheDeathOfTheOld) {
  start(no_sweep);
  ASSERT_TRUE(wait_until_synced());
  const pid_t before = daemon_->part("marker");
  daemon_->send("marker", SIGKILL);
  ASSERT_TRUE(is_replaced("marker", before));
  expect_to_watch_what_starts("later");
  EXPECT_THAT(daemon_->log(), HasSubstr("the marker has ended (killed by signal 9"));
}

// It has not died, so nobody but who asks it notices: here for what the writer of the file is, and for a
// mark.
TEST_F(Parts, AMarkerThatAnswersNothingIsReplaced) {
  start(no_sweep);
  ASSERT_TRUE(wait_until_synced());
  const pid_t before = daemon_->part("marker");
  ASSERT_NE(before, 0);
  daemon_->send("marker", SIGSTOP);
  for (int i = 0; i < 5; ++i) drop_whole("/tmp/asked-" + std::to_string(i));
  EXPECT_TRUE(daemon_->wait_for_log("the marker has answered nothing for long: another one takes its place",
                                    2 * patience))
      << daemon_->log();
  ASSERT_TRUE(is_replaced("marker", before)) << daemon_->log();
  expect_to_watch_what_starts("later");
  EXPECT_TRUE(test::wait_for([&] { return restarts("marker") == 1; }, patience)) << restarts("marker");
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(wait_for("/tmp/asked-" + std::to_string(i))) << i << daemon_->log();
  EXPECT_EQ(daemon_->stop().value, 0);
}

TEST_F(Parts, AMonitorThatTalksNonsenseToTheSupervisorIsReplaced) {
  start(no_sweep);
  ASSERT_TRUE(wait_until_synced());
  const pid_t before = daemon_->part("monitor");
  const sys::Fd link = take_link_of(before);
  ASSERT_TRUE(link);
  const std::string nonsense(100, '!');
  ASSERT_EQ(::send(link.number(), nonsense.data(), nonsense.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(nonsense.size()));
  ASSERT_TRUE(is_replaced("monitor", before)) << daemon_->log();
  EXPECT_THAT(daemon_->log(), HasSubstr("the monitor does not keep to its link ("));
  EXPECT_TRUE(test::wait_for([&] { return restarts("monitor") == 1; }, patience)) << restarts("monitor");
  expect_to_watch_what_starts("later");
  EXPECT_EQ(daemon_->stop().value, 0);
}

TEST_F(Parts, ANewContainerIsWatchedThoughTheMonitorsUserMaySendNoDescriptor) {
  start(no_sweep);
  ASSERT_TRUE(wait_until_synced());
  const pid_t monitor = daemon_->part("monitor");
  // What a container's root would do whose user namespace is the host's, with less to send.
  constexpr int most = 512;
  const auto user = user_of(monitor);
  ASSERT_TRUE(user);
  ASSERT_TRUE(limit_descriptors(monitor, most));
  const Hoarder hoarder(*user, most + 1);
  // By the marker that was there before the monitor, and by one that comes after it.
  for (const char* const name : {"earlier", "later"}) {
    expect_to_watch_what_starts(name);
    const pid_t before = daemon_->part("marker");
    daemon_->send("marker", SIGKILL);
    ASSERT_TRUE(is_replaced("marker", before));
  }
  EXPECT_EQ(daemon_->stop().value, 0);
  EXPECT_THAT(daemon_->log(), testing::Not(HasSubstr("Too many references")));
}

TEST_F(Parts, AContainerIsWatchedThoughAnotherHoldsAllGroupsOfRoot) {
  start(no_sweep);
  ASSERT_TRUE(wait_until_synced());
  const GroupHoarder hoarder;
  for (const char* const name : {"monitor", "marker"}) {
    const pid_t before = daemon_->part(name);
    daemon_->send(name, SIGKILL);
    ASSERT_TRUE(is_replaced(name, before)) << daemon_->log();
  }
  expect_to_watch_what_starts("later");
  EXPECT_EQ(daemon_->stop().value, 0);
}

TEST_F(Parts, NoPartOutlivesTheSupervisor) {
  start(no_sweep);
  const pid_t marker = daemon_->part("marker");
  const pid_t monitor = daemon_->part("monitor");
  daemon_->send(SIGKILL);
  const auto is_gone = [](pid_t part) {
    const auto status = sys::read_file("/proc/" + std::to_string(part) + "/status", 65536);
    return !status || status->find("State:\tZ") != std::string::npos;
  };
  EXPECT_TRUE(test::wait_for([&] { return is_gone(marker) && is_gone(monitor); }, patience));
}

TEST_F(Parts, EachSignalThatIsSentToTheSupervisorIsTheMonitors) {
  start(no_sweep);
  daemon_->send(SIGHUP);
  EXPECT_TRUE(daemon_->wait_for_log("configuration read again", patience)) << daemon_->log();
  daemon_->send(SIGTERM);
  EXPECT_EQ(daemon_->stop().value, 0);
  EXPECT_EQ(daemon_->ledger()["balanced"], 1U);
}

}  // namespace
}  // namespace dropwarden::test
