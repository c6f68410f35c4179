// SPDX-License-Identifier: Apache-2.0
#include "daemon/containers_report.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace dropwarden::daemon {
namespace {

namespace json = boost::json;

container::Snapshot snapshot_of(model::Container container) {
  container::Snapshot snapshot;
  const std::string id = container.id.value;
  snapshot.containers.emplace(id, std::make_shared<const model::Container>(std::move(container)));
  return snapshot;
}

monitor::WatchedMount overlay_of(const char* container) {
  monitor::WatchedMount overlay;
  overlay.device = {0, 69};
  overlay.mount_point = "/run/rootfs";
  overlay.container = {container};
  overlay.coverage = mount::Coverage::file_system;
  return overlay;
}

model::Container container_of(const char* id, const char* name) {
  model::Container container;
  container.id = {id};
  container.name = name;
  container.state = model::ContainerState::running;
  return container;
}

TEST(FormatContainers, NamesEachContainersMountAndSensor) {
  const monitor::Ledger ledger;
  const auto report = json::parse(
      format_containers(snapshot_of(container_of("c", "web")), {overlay_of("c")}, nullptr, &ledger));
  EXPECT_TRUE(report.at("daemon").as_bool());
  const auto& container = report.at("containers").at(0);
  EXPECT_EQ(container.at("name").as_string(), "web");
  EXPECT_EQ(container.at("mounts").at(0).at("sensor").as_string(), "close_write");
  EXPECT_TRUE(report.at("unidentified").as_array().empty());
}

TEST(FormatContainers, NamesTheSensorsThatAreAtWork) {
  const monitor::Ledger ledger;
  const auto report = json::parse(
      format_containers({}, {}, nullptr, &ledger, {model::Sensor::close_write, model::Sensor::exec}));
  EXPECT_EQ(report.at("sensors"), json::value({"close_write", "exec"}));
}

TEST(FormatContainers, SaysWhyAnOverlayIsNotWatched) {
  auto overlay = overlay_of("c");
  overlay.coverage = mount::Coverage::none;
  overlay.problem = "fanotify_mark: No space left on device";
  const auto report =
      json::parse(format_containers(snapshot_of(container_of("c", "web")), {overlay}, nullptr, nullptr));
  const auto& mount = report.at("containers").at(0).at("mounts").at(0);
  EXPECT_TRUE(mount.at("sensor").is_null());
  EXPECT_EQ(mount.at("problem").as_string(), overlay.problem);
  EXPECT_FALSE(report.at("daemon").as_bool());
}

TEST(FormatContainers, SaysWhyAMountIsNotSyncedAndSinceWhen) {
  auto overlay = overlay_of("c");
  overlay.sync.emplace();
  overlay.sync->reasons = {monitor::DesyncReason::lease, monitor::DesyncReason::scan_cut};
  overlay.sync->since = util::WallTime{std::chrono::hours{1}};
  const auto snapshot = snapshot_of(container_of("c", "web"));
  const auto sync_of = [&] {
    return json::parse(format_containers(snapshot, {overlay}, nullptr, nullptr))
        .at("containers")
        .at(0)
        .at("mounts")
        .at(0)
        .at("sync");
  };
  EXPECT_EQ(
      json::serialize(sync_of()),
      R"({"synced":false,"reasons":["lease","scan_cut"],"since":"1970-01-01T01:00:00.000000000Z","scan":null})");
  overlay.sync->reasons.clear();
  overlay.sync->scan = util::WallTime{std::chrono::hours{2}};
  EXPECT_EQ(json::serialize(sync_of()),
            R"({"synced":true,"reasons":[],"since":null,"scan":"1970-01-01T02:00:00.000000000Z"})");
  overlay.sync.reset();
  EXPECT_TRUE(sync_of().is_null());
}

TEST(FormatContainers, ListsOverlaysThatNobodyOwns) {
  const auto report = json::parse(format_containers({}, {overlay_of("")}, nullptr, nullptr));
  EXPECT_EQ(report.at("unidentified").as_array().size(), 1U);
}

TEST(FormatContainers, LeavesOutContainersThatEnded) {
  auto container = container_of("c", "web");
  container.state = model::ContainerState::exited;
  const auto report = json::parse(format_containers(snapshot_of(container), {}, nullptr, nullptr));
  EXPECT_TRUE(report.at("containers").as_array().empty());
}

TEST(FormatContainers, EscapesWhatARuntimeSays) {
  const auto report =
      json::parse(format_containers(snapshot_of(container_of("c", "a\x1b[31m\xff")), {}, nullptr, nullptr));
  EXPECT_EQ(report.at("containers").at(0).at("name").as_string(), "a\\x1b[31m\\xff");
}

TEST(ContainersReport, TellsWhatIsWatchedUnderTheLayersAndWhatIsNot) {
  monitor::UpperLayers upper{.wanted = config::UpperLayer::writes, .can_names = true, .problem = "p"};
  upper.file_systems = {
      {.mount_point = "/", .type = "ext4", .device = {8, 1}, .has_names = true, .problem = {}},
      {.mount_point = "/data", .type = "btrfs", .device = {0, 44}, .problem = "subvolume"}};
  upper.records = 7;
  const auto report = json::parse(format_containers({}, {}, &upper, nullptr)).at("upper_layer");
  EXPECT_EQ(report.at("wanted").as_string(), "writes");
  EXPECT_EQ(json::serialize(report.at("kernel")), R"(["names"])");
  EXPECT_EQ(report.at("problem").as_string(), "p");
  const auto& file_systems = report.at("file_systems").as_array();
  EXPECT_EQ(json::serialize(file_systems.at(0).at("watched")), R"(["names"])");
  EXPECT_EQ(file_systems.at(0).at("device").as_string(), "8:1");
  EXPECT_TRUE(file_systems.at(1).at("watched").as_array().empty());
  EXPECT_EQ(file_systems.at(1).at("problem").as_string(), "subvolume");
  EXPECT_EQ(report.at("records").to_number<int>(), 7);
}

}  // namespace
}  // namespace dropwarden::daemon
