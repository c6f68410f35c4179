// SPDX-License-Identifier: Apache-2.0
#include "watching_pod.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manifest_pod.hpp"
#include "support/record.hpp"
#include "support/runtime.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {

using testing::HasSubstr;
using testing::Not;

namespace {

std::optional<Record> wait_for_finding(const ManifestPod& pod, const RecordPredicate& is_wanted) {
  std::optional<Record> found;
  wait_for(
      [&] {
        const auto records = pod.findings();
        const auto record = std::ranges::find_if(records, is_wanted);
        if (record != records.end()) found = *record;
        return found.has_value();
      },
      30s);
  return found;
}

}  // namespace

void expect_to_see_a_drop(ManifestPod& pod, Runtime& runtime, const TestContainer& neighbour) {
  const auto is_well = [&](const char* probe) { return pod.probe(probe).starts_with("HTTP/1.1 200"); };
  ASSERT_TRUE(wait_for([&] { return is_well("startupProbe"); }, 60s)) << pod.log();

  ASSERT_TRUE(runtime.execute(neighbour, {"cp", "/bin/busybox", "/tmp/x"}).status.is_success());
  const auto record = wait_for_finding(pod, final_of(neighbour.id, "/tmp/x"));
  ASSERT_TRUE(record) << pod.log();
  EXPECT_EQ(text_at(*record, "/event/container/name"), neighbour.name);
  EXPECT_EQ(text_at(*record, "/event/container/image/name"), neighbour.image_name);
  EXPECT_EQ(text_at(*record, "/event/container/pod/name"), neighbour.pod->name);
  EXPECT_EQ(text_at(*record, "/event/node"), "node-of-the-test");

  EXPECT_TRUE(is_well("livenessProbe"));
  EXPECT_TRUE(is_well("readinessProbe"));
  // A page is made once a second.
  const std::string counted = "dropwarden_findings_total{sensor=\"close_write\"} 1\n";
  EXPECT_TRUE(wait_for([&] { return pod.page("/metrics").find(counted) != std::string::npos; }, 30s))
      << pod.page("/metrics");
  const auto status = pod.execute({"dropwarden", "status", "--json"});
  EXPECT_EQ(status.exit_code, 0) << status.error;
  EXPECT_THAT(status.output, HasSubstr("\"uid\":60871"));
  EXPECT_THAT(pod.log(), Not(HasSubstr(" error "))) << pod.log();
  EXPECT_THAT(pod.log(), Not(HasSubstr(" critical "))) << pod.log();
}

void expect_to_let_go(ManifestPod& pod, Runtime& runtime, const TestContainer& neighbour) {
  // Its root file system is still mounted in the pod, unless the runtime's unmount is seen there.
  EXPECT_NO_THROW(runtime.remove(neighbour));
  EXPECT_TRUE(wait_for(
      [&] { return pod.execute({"grep", "-c", neighbour.id, "/proc/self/mountinfo"}).exit_code != 0; }, 30s))
      << pod.execute({"grep", neighbour.id, "/proc/self/mountinfo"}).output;
}

}  // namespace dropwarden::test
