// SPDX-License-Identifier: Apache-2.0
#include "monitor/attribution.hpp"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using container::SourceState;
using model::Metadata;

const std::string id = "c0ffee0000000000000000000000000000000000000000000000000000000001";
const model::Device device{0, 53};
const SourceState by_processes{.name = "processes", .is_connected = true};
const SourceState answering{.name = "cri a", .is_connected = true, .was_connected = true};
const SourceState unused{.name = "docker b", .problem = "no such socket", .is_absent = true};
const SourceState restarting{
    .name = "docker b", .problem = "no such socket", .is_absent = true, .was_connected = true};
const SourceState mute{.name = "docker b", .problem = "timed out"};
const SourceState confused{
    .name = "cri a", .is_connected = true, .problem = "not JSON", .was_connected = true};

class AttributionTest : public testing::Test {
 protected:
  AttributionTest() {
    WatchedMount overlay;
    overlay.device = device;
    overlay.container = {id};
    overlays.add(std::move(overlay), {});
  }

  void know(std::vector<SourceState> sources, std::optional<Metadata> metadata = {}, bool is_told = false) {
    auto snapshot = std::make_shared<container::Snapshot>();
    snapshot->sources = std::move(sources);
    if (metadata) {
      auto known = std::make_shared<model::Container>();
      known->id = {id};
      known->name = "web";
      known->metadata = *metadata;
      snapshot->containers.emplace(id, std::move(known));
    }
    if (is_told) snapshot->told.insert(id);
    attribution.on_containers(std::move(snapshot));
  }
  OpenFindings::ContainerAwaited resolve() {
    return attribution.resolve(finding, {.device = device, .file_system = {}, .mount = {}});
  }

  std::unique_ptr<privilege::Privilege> privilege = privilege::make_direct();
  WatchedMounts overlays;
  Attribution attribution{*privilege, overlays};
  model::Finding finding;
};

TEST_F(AttributionTest, ExpectsNothingOfRuntimesThatHaveNeverBeenThere) {
  know({by_processes, unused});
  EXPECT_EQ(resolve().metadata, MetadataFrom::nobody);
  EXPECT_EQ(finding.event.container.id.value, id);
  EXPECT_EQ(finding.event.container.metadata, Metadata::none);
}

TEST_F(AttributionTest, TakesARuntimeThatDoesNotAnswerForOneThatWill) {
  for (const SourceState& away : {restarting, mute, confused}) {
    know({by_processes, answering, away}, Metadata::none);
    EXPECT_EQ(resolve().metadata, MetadataFrom::away) << away.problem;
    EXPECT_EQ(finding.event.container.metadata, Metadata::pending);
  }
}

TEST_F(AttributionTest, KnowsWhetherARuntimeHasToldOfTheContainer) {
  know({answering, unused}, Metadata::none);
  EXPECT_EQ(resolve().metadata, MetadataFrom::runtime) << "/proc alone knows it";
  know({answering, unused}, Metadata::pending, true);
  EXPECT_EQ(resolve().metadata, MetadataFrom::runtime) << "its details are being asked for";
  know({answering, unused}, Metadata::none, true);
  EXPECT_EQ(resolve().metadata, MetadataFrom::knower);
  know({answering, unused, mute}, Metadata::complete, true);
  EXPECT_EQ(resolve().metadata, MetadataFrom::nobody);
  EXPECT_EQ(finding.event.container.name, "web");
}

// The device number may be the next container's by the time a runtime answers.
TEST_F(AttributionTest, KeepsAPrintedFindingWithItsContainerWhoeverHasTheOverlayNow) {
  know({mute});
  EXPECT_EQ(resolve().metadata, MetadataFrom::away);
  finding.id = "printed";
  overlays.find(device)->container = {"another"};
  EXPECT_EQ(resolve().metadata, MetadataFrom::away);
  EXPECT_EQ(finding.event.container.id.value, id);
  know({answering}, Metadata::complete, true);
  resolve();
  EXPECT_EQ(finding.event.container.id.value, id);
  EXPECT_EQ(finding.event.container.name, "web");
  EXPECT_EQ(finding.event.container.metadata, Metadata::complete);
}

TEST_F(AttributionTest, TellsNoContainerOfAFindingThatWasPrintedWithoutOne) {
  overlays.find(device)->container = {};
  know({mute});
  EXPECT_TRUE(resolve().container);
  finding.id = "printed";
  overlays.find(device)->container = {id};
  const auto awaited = resolve();
  EXPECT_FALSE(awaited.container);
  EXPECT_EQ(awaited.metadata, MetadataFrom::nobody);
  EXPECT_EQ(finding.event.container.id.value, "");
}

// Each news has all findings looked at that wait, and a burst of programs has a writer for each.
TEST_F(AttributionTest, LearnsOnceFromTheWritersOfAnOverlayWithoutAName) {
  overlays.find(device)->container = {};
  const EventIdentity identity{.device = device, .file_system = {}, .mount = {}};
  ProcessReader::Answer writer{.process = {}, .root = device};
  EXPECT_TRUE(attribution.learn_from_writer(identity, writer));
  EXPECT_TRUE(overlays.find(device)->is_nameless);
  EXPECT_FALSE(attribution.learn_from_writer(identity, writer));
  writer.process.cgroup = "0::/docker/" + id + "\n";
  EXPECT_TRUE(attribution.learn_from_writer(identity, writer));
  EXPECT_EQ(overlays.find(device)->container.value, id);
  EXPECT_FALSE(attribution.learn_from_writer(identity, writer));
}

TEST_F(AttributionTest, LearnsNothingFromAWriterWhoseUserMayHaveNamedItsCgroup) {
  overlays.find(device)->container = {};
  const EventIdentity identity{.device = device, .file_system = {}, .mount = {}};
  ProcessReader::Answer writer{.process = {}, .root = device};
  writer.process.cgroup = "0::/user.slice/user-1000.slice/user@1000.service/docker-" + id + ".scope\n";
  EXPECT_TRUE(attribution.learn_from_writer(identity, writer));
  EXPECT_TRUE(overlays.find(device)->is_nameless);
  EXPECT_EQ(overlays.find(device)->container.value, "");
}

TEST_F(AttributionTest, LeavesNothingOfOneContainerWithAnother) {
  know({answering}, Metadata::complete, true);
  resolve();
  ASSERT_EQ(finding.event.container.name, "web");
  overlays.find(device)->container = {"another"};
  EXPECT_EQ(resolve().metadata, MetadataFrom::runtime);
  EXPECT_EQ(finding.event.container.id.value, "another");
  EXPECT_EQ(finding.event.container.name, "");
}

}  // namespace
}  // namespace dropwarden::monitor
