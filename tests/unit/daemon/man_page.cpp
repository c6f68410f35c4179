// SPDX-License-Identifier: Apache-2.0
// dropwarden(1) has every field of what `containers --json` and `status --json` print.
#include "support/man_page.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "dropwarden/daemon/profiles.hpp"

#include "daemon/containers_report.hpp"
#include "daemon/status_report.hpp"
#include "support/json_fields.hpp"

namespace dropwarden::daemon {
namespace {

const std::string place = "man/dropwarden.1, CONTAINERS IN JSON";

const std::vector<test::ManItem>& items() {
  static const test::ManPage page("dropwarden.1");
  return page.section("CONTAINERS IN JSON").items;
}

model::Container container_of(const char* id) {
  model::Container container;
  container.id = {id};
  container.state = model::ContainerState::running;
  return container;
}

// A mount of `container` that is watched and desynced, one that is synced, one that is not watched, and one
// of nobody.
std::vector<monitor::WatchedMount> mounts_of(const char* container) {
  std::vector<monitor::WatchedMount> mounts(4);
  for (std::size_t i = 0; i < 3; ++i) mounts.at(i).container = {container};
  mounts[1].sync.emplace();
  mounts[0].mount_point = "/run/rootfs";
  mounts[0].coverage = mount::Coverage::file_system;
  mounts[0].sync.emplace();
  mounts[0].sync->reasons = {monitor::DesyncReason::lease};
  mounts[0].sync->scan = mounts[0].sync->since;
  return mounts;
}

boost::json::value report(model::Container container, const monitor::Ledger* ledger) {
  container::Snapshot snapshot;
  const std::string id = container.id.value;
  snapshot.containers.emplace(id, std::make_shared<const model::Container>(std::move(container)));
  snapshot.sources.emplace_back();
  monitor::VitalSigns signs;
  signs.reasons.emplace_back();
  signs.parts.emplace_back();
  monitor::UpperLayers upper_layers{.can_names = true, .can_writes = true, .problem = {}};
  upper_layers.file_systems.push_back(
      {.mount_point = "/", .type = "ext4", .device = {8, 1}, .has_names = true, .problem = {}});
  return boost::json::parse(format_containers(snapshot, mounts_of(id.c_str()),
                                              ledger == nullptr ? nullptr : &upper_layers, ledger, {},
                                              ledger == nullptr ? nullptr : &signs));
}

boost::json::value known_report() {
  const monitor::Ledger ledger;
  auto container = container_of("c");
  container.pod.emplace();
  return report(container, &ledger);
}

TEST(ManPage, HasEveryFieldOfTheReportAndNoOther) {
  test::FieldTypes known;
  test::collect_fields(known_report(), known);
  test::FieldTypes unknown;
  test::collect_fields(report(container_of("c"), nullptr), unknown);
  // A mount is a mount.
  std::erase_if(known, [&](const auto& field) {
    constexpr std::string_view unidentified = "unidentified[].";
    return field.first.starts_with(unidentified) &&
           known.contains("containers[].mounts[]." + field.first.substr(unidentified.size()));
  });
  test::expect_fields(items(), known, unknown, place);
}

TEST(ManPage, HasTheFieldsOfTheReportInTheirOrder) {
  auto report = known_report();
  // As above.
  for (auto& overlay : report.at("unidentified").as_array())
    overlay = boost::json::object{{"container", overlay.at("container")}};
  test::expect_order(items(), report, place);
}

// What is known only where a process's status could be read; a desynced mount that was scanned, and one that
// was not.
boost::json::value status(bool is_known) {
  container::Snapshot snapshot;
  auto mounts = mounts_of("c");
  if (!is_known) mounts[0].sync->scan.reset();
  StatusFacts facts{.started = {},
                    .uptime = {},
                    .processes = {},
                    .channel = ChannelFacts{},
                    .sandbox = {},
                    .refused = {},
                    .sensors = {},
                    .outputs = {{.name = "file", .type = "file", .format = "native"}}};
  facts.processes.push_back({.role = "monitor", .pid = 1, .confinement = {}, .problem = {}});
  if (is_known) facts.processes[0].confinement.emplace();
  if (is_known) facts.captures.directory = "/copies";
  facts.refused.push_back({.name = "socket", .count = 1});
  return boost::json::parse(format_status(facts, snapshot, mounts, {}));
}

TEST(ManPage, HasEveryFieldOfTheStatusAndNoOther) {
  static const test::ManPage page("dropwarden.1");
  const auto& fields = page.section("STATUS IN JSON").items;
  const std::string status_place = "man/dropwarden.1, STATUS IN JSON";
  const auto profiles = boost::json::parse(format_profiles());
  test::FieldTypes known;
  test::collect_fields(status(true), known);
  test::collect_fields(profiles, known);
  test::FieldTypes unknown;
  test::collect_fields(status(false), unknown);
  test::collect_fields(profiles, unknown);
  test::expect_fields(fields, known, unknown, status_place);
  test::expect_order(fields, status(true), status_place);
}

}  // namespace
}  // namespace dropwarden::daemon
