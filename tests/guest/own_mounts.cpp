// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "guest_test.hpp"
#include "places.hpp"
#include "support/wait.hpp"

// In a mount namespace of its own the monitor sees the host's mounts in the table of the first process, and
// reaches them below its root.
namespace dropwarden::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

struct Place {
  const char* name;
  std::unique_ptr<PlacedMonitor> (*start_monitor)(const std::string&, const RuntimeSocket&);
};

class OwnMounts : public GuestTest, public testing::WithParamInterface<Place> {
 protected:
  static std::unique_ptr<PlacedMonitor> start_monitor() {
    return GetParam().start_monitor(make_directory(), containerd().socket());
  }
};

TEST_P(OwnMounts, DoNotHideADropInAContainerThatRanBefore) {
  const auto container = start(containerd());
  const auto monitor = start_monitor();
  drop(containerd(), container, "/tmp/x");
  const auto record = monitor->findings().wait_for(final_of(container.id, "/tmp/x"), 30s);
  ASSERT_TRUE(record) << monitor->log();
  expect_drop(*record, container, "containerd", "/tmp/x");
  EXPECT_EQ(text_at(*record, "/event/file/path_state"), "live");
  EXPECT_THAT(monitor->findings().ids(container.id), SizeIs(1));
  EXPECT_THAT(monitor->log(), Not(HasSubstr("out of reach"))) << monitor->log();
  containerd().remove(container);
}

TEST_P(OwnMounts, DoNotDelayTheMarkOfAContainerThatStarts) {
  const auto monitor = start_monitor();
  const auto container = start(containerd(), {"sh", "-c", "cp /bin/busybox /tmp/x; sleep 100000; :"});
  const auto record = monitor->findings().wait_for(final_of(container.id, "/tmp/x"), 30s);
  ASSERT_TRUE(record) << monitor->log();
  expect_drop(*record, container, "containerd", "/tmp/x");
  EXPECT_THAT(monitor->containers(), HasSubstr(container.id));
  EXPECT_THAT(monitor->containers(), Not(HasSubstr("\"late\":true")));
  containerd().remove(container);
}

TEST_P(OwnMounts, DoNotKeepAContainerThatIsRemoved) {
  const auto monitor = start_monitor();
  for (int round = 0; round < 5; ++round) {
    const auto container = start(containerd());
    drop(containerd(), container, "/tmp/x");
    containerd().remove(container);
  }
  EXPECT_THAT(monitor->log(), Not(HasSubstr(" error "))) << monitor->log();
}

class OwnProcesses : public GuestTest {};

TEST_F(OwnProcesses, HideTheNodeWhichTheMonitorSays) {
  const auto monitor = start_in_pod_without_host_pid(make_directory(), containerd().socket());
  EXPECT_THAT(monitor->log(), HasSubstr("set hostPID: true"));
}

INSTANTIATE_TEST_SUITE_P(Of, OwnMounts,
                         testing::Values(Place{"APod", start_in_pod},
                                         Place{"AHardenedUnit", start_in_hardened_unit}),
                         [](const auto& place) { return place.param.name; });

}  // namespace
}  // namespace dropwarden::test
