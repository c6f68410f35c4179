// SPDX-License-Identifier: Apache-2.0
// The runtime is killed, restarted, mute, or talks nonsense: what is dropped meanwhile is found, with its
// container, and named once the runtime answers.
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime_test.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/nonsense_server.hpp"
#include "support/usage.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// Copies busybox to each name that turns up in /tmp/order: no runtime is needed to make it.
const std::vector<std::string> at_our_service{
    "sh", "-c",
    "while :; do for name in $(cat /tmp/order 2>/dev/null); do "
    "[ -e /tmp/$name ] || cp /bin/busybox /tmp/$name; done; usleep 20000; done"};

class Recovery : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    if (IsSkipped()) return;
    container_ = std::make_unique<ScopedContainer>(runtime(), at_our_service);
    // The daemon's is another path, so that the socket can be put out of its sight.
    socket_ = {runtime().socket().type, make_directory() + "/socket"};
  }

  ScopedContainer& container() { return *container_; }
  void connect_to(const std::string& path) const {
    std::filesystem::create_symlink(path, socket_.path + "-next");
    std::filesystem::rename(socket_.path + "-next", socket_.path);
  }
  void start_daemon() {
    daemon_ = std::make_unique<Daemon>(make_directory(), std::vector<RuntimeSocket>{socket_});
    init_ = daemon_->init_of(container()->id);
    ASSERT_NE(init_, 0) << daemon_->log();
  }
  void drop(const std::string& name) const {
    const auto order = "/proc/" + std::to_string(init_) + "/root/tmp/order";
    write_file(order, std::filesystem::exists(order) ? read_file(order) + name + "\n" : name + "\n");
  }
  // The problem of the runtime's socket, as `containers` has it.
  std::string problem() const {
    const auto report = boost::json::parse(daemon_->report());
    for (const auto& source : report.at("sources").as_array()) {
      if (text_at(source, "/name").ends_with(socket_.path)) return text_at(source, "/problem");
    }
    return {};
  }
  void expect_pending(const std::string& name) const {
    const auto record = daemon_->wait_for_record(drop_of(container_->operator*().id, "/tmp/" + name), 20s);
    ASSERT_TRUE(record) << daemon_->log();
    SCOPED_TRACE(boost::json::serialize(*record));
    EXPECT_EQ(text_at(*record, "/event/container/metadata"), "pending");
    EXPECT_EQ(text_at(*record, "/status"), "open");
  }
  void expect_named(const TestContainer& one, const std::string& name) const {
    const auto record = daemon_->wait_for_record(final_of(one.id, "/tmp/" + name), 40s);
    ASSERT_TRUE(record) << daemon_->log();
    SCOPED_TRACE(boost::json::serialize(*record));
    EXPECT_EQ(text_at(*record, "/event/container/metadata"), "complete");
    EXPECT_EQ(text_at(*record, "/event/container/name"), one.name);
    EXPECT_EQ(text_at(*record, "/event/container/image/name"), one.image_name);
  }

  std::unique_ptr<ScopedContainer> container_;
  RuntimeSocket socket_;
  std::unique_ptr<Daemon> daemon_;
  int init_ = 0;
};

TEST_F(Recovery, FromARuntimeThatWasKilledLosesNothing) {
  connect_to(runtime().socket().path);
  start_daemon();
  EXPECT_EQ(problem(), "");
  runtime().crash();
  ASSERT_TRUE(wait_for([&] { return !problem().empty(); }, 10s));
  drop("known");
  expect_named(**container_, "known");
  runtime().recover();
  const ScopedContainer later(runtime(), {"sh", "-c", "cp /bin/busybox /tmp/first; exec sleep 100000"});
  expect_named(*later, "first");
  ASSERT_TRUE(wait_for([&] { return problem().empty(); }, 30s)) << problem();
  drop("after");
  expect_named(**container_, "after");
}

TEST_F(Recovery, FromARuntimeThatWasDeadAtTheStartCompletesWhatWasFoundMeanwhile) {
  connect_to(runtime().socket().path);
  container().execute("cp /bin/busybox /tmp/before");
  runtime().crash();
  start_daemon();
  EXPECT_THAT(problem(), Not(""));
  drop("early");
  expect_pending("before");
  expect_pending("early");
  runtime().recover();
  expect_named(**container_, "before");
  expect_named(**container_, "early");
}

TEST_F(Recovery, FromARuntimeThatTalksNonsenseCompletesWhatWasFoundMeanwhile) {
  NonsenseServer server(make_directory() + "/socket");
  connect_to(server.path());
  start_daemon();  // it waits in vain for a while
  const Usage before = read_usage(*daemon_);
  using enum NonsenseServer::Manner;
  std::map<std::string, NonsenseServer::Manner> manners{
      {"mute", mute}, {"noise", noise}, {"hangs_up", hangs_up}};
  // Each takes as long as the pause between two attempts has grown to: only what the source might understand.
  if (socket_.type == "cri") {
    manners.insert({{"frames", frames},
                    {"endless_headers", endless_headers},
                    {"endless_data", endless_data},
                    {"pings", pings}});
  } else {
    manners.insert({"endless", endless});
  }
  for (const auto& [name, manner] : manners) {
    SCOPED_TRACE(name);
    server.set_manner(manner);
    ASSERT_TRUE(wait_for([&] { return server.has_met_a_client(); }, 20s));
    drop(name);
    expect_pending(name);
    EXPECT_THAT(problem(), Not(""));
    // An answer may have 16 MiB.
    expect_bounded(*daemon_, before, std::uint64_t{64} << 20U);
  }
  connect_to(runtime().socket().path);
  server.set_manner(hangs_up);
  for (const auto& [name, manner] : manners) expect_named(**container_, name);
  EXPECT_EQ(problem(), "");
  expect_bounded(*daemon_, before, std::uint64_t{64} << 20U);
}

}  // namespace
}  // namespace dropwarden::test
