// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_report.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace dropwarden::daemon {
namespace {

namespace json = boost::json;

StatusFacts facts_of(std::vector<OwnProcess> processes) {
  return {.started = util::WallTime{std::chrono::hours{1}},
          .uptime = std::chrono::seconds{90},
          .processes = std::move(processes),
          .channel = {},
          .sandbox = {},
          .refused = {},
          .sensors = {model::Sensor::close_write, model::Sensor::exec},
          .outputs = {}};
}

json::value status_of(const StatusFacts& facts, const container::Snapshot& snapshot = {},
                      const std::vector<monitor::WatchedMount>& mounts = {}) {
  return json::parse(format_status(facts, snapshot, mounts, {}));
}

container::Snapshot snapshot_of(const char* id, const char* name) {
  model::Container container;
  container.id = {id};
  container.name = name;
  container.state = model::ContainerState::running;
  container::Snapshot snapshot;
  snapshot.containers.emplace(id, std::make_shared<const model::Container>(std::move(container)));
  return snapshot;
}

monitor::WatchedMount mount_of(const char* container, std::vector<monitor::DesyncReason> reasons) {
  monitor::WatchedMount mount;
  mount.container = {container};
  mount.coverage = mount::Coverage::file_system;
  mount.sync.emplace();
  mount.sync->reasons = std::move(reasons);
  return mount;
}

TEST(FormatStatus, SaysSinceWhenTheDaemonRunsAndWithWhichSensors) {
  const auto status = status_of(facts_of({}));
  EXPECT_EQ(status.at("version").as_string(), DROPWARDEN_VERSION);
  EXPECT_EQ(status.at("started").as_string(), "1970-01-01T01:00:00.000000000Z");
  EXPECT_EQ(status.at("uptime_seconds").as_int64(), 90);
  EXPECT_EQ(status.at("sensors"), json::value({"close_write", "exec"}));
}

TEST(FormatStatus, SaysWhichPolicyDecidesAndHowCopiesDo) {
  auto facts = facts_of({});
  facts.policy_generation = 3;
  EXPECT_EQ(status_of(facts).at("policy_generation").to_number<int>(), 3);
  EXPECT_TRUE(status_of(facts).at("captures").is_null());
  facts.captures = {.directory = "/copies\x1b", .used_bytes = 5, .max_bytes = 7};
  facts.captures.ended.at(static_cast<std::size_t>(model::CaptureStatus::quota)) = 2;
  EXPECT_EQ(json::serialize(status_of(facts).at("captures")),
            R"({"directory":"/copies\\x1b","used_bytes":5,"max_bytes":7,"ended":{"quota":2}})");
}

TEST(FormatStatus, SaysWhatEachProcessMayDo) {
  const Confinement confinement{
      .uid = 7, .capabilities = {"sys_admin"}, .has_no_new_privileges = true, .seccomp = "filter"};
  const auto status =
      status_of(facts_of({{.role = "marker", .pid = 12, .confinement = confinement, .problem = {}},
                          {.role = "monitor", .pid = 13, .confinement = {}, .problem = "gone"}}));
  EXPECT_EQ(json::serialize(status.at("processes").at(0)),
            R"({"role":"marker","pid":12,"uid":7,"capabilities":["sys_admin"],"no_new_privileges":true,)"
            R"("seccomp":"filter","problem":""})");
  EXPECT_TRUE(status.at("processes").at(1).at("uid").is_null());
  EXPECT_EQ(status.at("processes").at(1).at("problem").as_string(), "gone");
}

TEST(FormatStatus, SaysHowFarEachOutputIsBehindAndWhy) {
  auto facts = facts_of({});
  facts.outputs = {{.name = "siem",
                    .type = "webhook",
                    .format = "ecs",
                    .delivered = 5,
                    .refused = 1,
                    .lost = 2,
                    .failures = 3,
                    .pending = 4,
                    .lag = std::chrono::milliseconds{1500},
                    .problem = "refused"}};
  EXPECT_EQ(json::serialize(status_of(facts).at("outputs")),
            R"([{"name":"siem","type":"webhook","format":"ecs","delivered":5,"refused":1,"lost":2,)"
            R"("failures":3,"pending":4,"lag_seconds":1,"problem":"refused"}])");
}

TEST(FormatStatus, SaysHowOftenAProcessWasStartedAgain) {
  auto facts = facts_of({});
  EXPECT_TRUE(status_of(facts).at("channel").is_null());
  facts.channel = {.monitor_restarts = 1, .marker_restarts = 2, .timeouts = 3, .interrupted = 4};
  EXPECT_EQ(json::serialize(status_of(facts).at("channel")),
            R"({"monitor_restarts":1,"marker_restarts":2,"requests_timed_out":3,"requests_interrupted":4})");
}

TEST(FormatStatus, SaysWhatTheSandboxIsAndWhatItRefused) {
  auto facts = facts_of({});
  facts.sandbox = {.enforcement = sandbox::Enforcement::enforce, .landlock_abi = 7, .landlock_problem = {}};
  facts.refused = {{.name = "socket", .count = 3}};
  EXPECT_EQ(json::serialize(status_of(facts).at("sandbox")),
            R"({"enforcement":"enforce","landlock_abi":7,"landlock_problem":"",)"
            R"("refused":[{"call":"socket","count":3}]})");
}

TEST(FormatStatus, NamesMountsThatAreDesyncedWithTheReasons) {
  const auto status = status_of(
      facts_of({}), snapshot_of("c", "we\x1b"),
      {mount_of("c", {monitor::DesyncReason::lease, monitor::DesyncReason::scan_cut}), mount_of("c", {})});
  ASSERT_EQ(status.at("desynced").as_array().size(), 1U);
  const auto& desynced = status.at("desynced").at(0);
  EXPECT_EQ(desynced.at("container").as_string(), "c");
  EXPECT_EQ(desynced.at("name").as_string(), "we\\x1b");
  EXPECT_EQ(desynced.at("reasons"), json::value({"lease", "scan_cut"}));
  EXPECT_TRUE(desynced.at("scan").is_null());
}

TEST(FormatStatus, CountsContainersAndTheirMounts) {
  auto unwatched = mount_of("c", {});
  unwatched.coverage = mount::Coverage::none;
  unwatched.sync.reset();
  auto newer = mount_of("c", {});
  newer.sync->scan = util::WallTime{std::chrono::hours{3}};
  auto older = mount_of("c", {monitor::DesyncReason::lease});
  older.sync->scan = util::WallTime{std::chrono::hours{2}};
  const auto status = status_of(facts_of({}), snapshot_of("c", "web"), {unwatched, newer, older});
  EXPECT_EQ(status.at("containers").to_number<int>(), 1);
  EXPECT_EQ(
      json::serialize(status.at("mounts")),
      R"({"watched":2,"unwatched":1,"scanned":2,"synced":1,"oldest_scan":"1970-01-01T02:00:00.000000000Z"})");
}

}  // namespace
}  // namespace dropwarden::daemon
