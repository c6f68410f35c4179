// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime_test.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::vector<std::string> idle{"sleep", "100000"};

class Lifecycle : public RuntimeTest {};

TEST_F(Lifecycle, EndsWithStatus0AndABalancedLedgerOnSigterm) {
  ScopedContainer container(runtime(), idle);
  Daemon daemon(make_directory(), {runtime().socket()});
  container.execute("echo text > /tmp/text; cp /bin/busybox /tmp/x");
  ASSERT_TRUE(daemon.wait_for_record(drop_of(container->id, "/tmp/x"), 20s)) << daemon.log();
  const auto status = daemon.stop();
  EXPECT_TRUE(status.is_success()) << status.text() << "\n" << daemon.log();
  auto ledger = daemon.ledger();
  ASSERT_THAT(ledger, Not(IsEmpty())) << daemon.log();
  EXPECT_EQ(ledger["balanced"], 1U);
  EXPECT_GE(ledger["reported"], 1U);
  EXPECT_GE(ledger["not_executable"], 1U);
  std::uint64_t ended = 0;
  for (const auto& [name, count] : ledger) {
    const bool is_disposition = name != "received" && name != "balanced" && !name.starts_with("lost");
    if (is_disposition) ended += count;
  }
  EXPECT_EQ(ledger["received"], ended);
}

TEST_F(Lifecycle, RefusesASecondInstanceAndLeavesTheFirstAlone) {
  Daemon first(make_directory(), {runtime().socket()});
  const auto second = run_dropwarden({"run", "--config", first.configuration_file()});
  EXPECT_EQ(second.status.text(), "status 1");
  EXPECT_THAT(second.error, HasSubstr("already runs"));
  EXPECT_THAT(second.output, IsEmpty());
  EXPECT_TRUE(first.is_running());
  EXPECT_TRUE(run_dropwarden({"containers", "--config", first.configuration_file()}).status.is_success());
}

TEST_F(Lifecycle, GoesOnWithTheOldConfigurationWhenTheNewOneIsBroken) {
  ScopedContainer container(runtime(), idle);
  Daemon daemon(make_directory(), {runtime().socket()});
  write_file(daemon.configuration_file(), "watch:\n  no_such_key: 1\n");
  daemon.send(SIGHUP);
  EXPECT_TRUE(daemon.wait_for_log("no_such_key", 10s)) << daemon.log();
  container.execute("cp /bin/busybox /tmp/x");
  EXPECT_TRUE(daemon.wait_for_record(final_of(container->id, "/tmp/x"), 20s)) << daemon.log();
  EXPECT_TRUE(daemon.stop().is_success());
}

// The entry of the container in what `containers --json` printed; null when it is not there.
boost::json::value entry_of(const boost::json::value& report, const TestContainer& container) {
  for (const auto& entry : report.at("containers").as_array()) {
    if (text_at(entry, "/id") == container.id) return entry;
  }
  return nullptr;
}

TEST_F(Lifecycle, ListsContainersByTheDaemonAndWithoutIt) {
  ScopedContainer container(runtime(), idle);
  Daemon daemon(make_directory(), {runtime().socket()});
  const std::vector<std::string> list{"containers", "--json", "--config", daemon.configuration_file()};
  const auto by_daemon = run_dropwarden(list);
  ASSERT_TRUE(by_daemon.status.is_success()) << by_daemon.error;
  EXPECT_THAT(by_daemon.error, IsEmpty());
  const auto watched = entry_of(boost::json::parse(by_daemon.output), *container);
  EXPECT_EQ(text_at(watched, "/name"), container->name) << by_daemon.output;
  EXPECT_EQ(text_at(watched, "/runtime"), runtime().name());
  EXPECT_EQ(text_at(watched, "/image"), container->image_name);
  EXPECT_EQ(text_at(watched, "/mounts/0/sensor"), "close_write");
  ASSERT_TRUE(daemon.stop().is_success());
  const auto by_itself = run_dropwarden(list);
  ASSERT_TRUE(by_itself.status.is_success()) << by_itself.error;
  EXPECT_THAT(by_itself.error, HasSubstr("no daemon answers"));
  const auto unwatched = entry_of(boost::json::parse(by_itself.output), *container);
  EXPECT_EQ(text_at(unwatched, "/name"), container->name) << by_itself.output;
  EXPECT_EQ(text_at(unwatched, "/mounts/0/sensor"), "") << "nothing is watched without a daemon";
}

}  // namespace
}  // namespace dropwarden::test
