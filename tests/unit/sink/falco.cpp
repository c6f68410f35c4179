// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/util/time.hpp"

#include "printed.hpp"
#include "published_facts.hpp"
#include "sample.hpp"

namespace dropwarden::sink {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;

json::value parsed(const std::string& line) {
  return parse_printed(line, max_foreign_bytes);
}

// The record of an alert with `json_output`, Falco 0.44.
const PublishedFields record_fields{{"hostname", {}},
                                    {"output", {}},
                                    {"output_fields", {FieldType::object}},
                                    {"output_fields.*", {}},
                                    {"priority", {}},
                                    {"rule", {}},
                                    {"source", {}},
                                    {"tags", {FieldType::text, true}},
                                    {"time", {FieldType::rfc3339}}};

// `falco --list`, https://falco.org/docs/reference/rules/supported-fields/, and those of its container and
// Kubernetes plugins.
const PublishedFields output_fields{
    {"container.full_id", {}},
    {"container.id", {}},
    {"container.image", {}},
    {"container.image.digest", {}},
    {"container.image.repository", {}},
    {"container.image.tag", {}},
    {"container.name", {}},
    {"container.type", {}},
    {"evt.time", {FieldType::integer}},
    {"fd.directory", {}},
    {"fd.filename", {}},
    {"fd.name", {}},
    {"k8s.ns.name", {}},
    {"k8s.pod.name", {}},
    {"k8s.pod.uid", {}},
    {"proc.cmdline", {}},
    {"proc.exepath", {}},
    {"proc.name", {}},
    {"proc.pexepath", {}},
    {"proc.pid", {FieldType::integer}},
    {"proc.pname", {}},
    {"proc.ppid", {FieldType::integer}},
    {"proc.vpid", {FieldType::integer}},
    {"user.loginuid", {FieldType::integer}},
    {"user.uid", {FieldType::integer}},
};

void expect_output_fields(const json::object& fields) {
  for (const auto& [key, value] : fields) {
    const std::string name = key;
    EXPECT_TRUE(value.is_null() || value.is_string() || value.is_int64() || value.is_uint64())
        << name << ": fields are flat";
    if (name.starts_with("dropwarden.")) continue;
    const auto known = output_fields.find(name);
    if (known == output_fields.end()) {
      ADD_FAILURE() << "Falco has no field " << name;
    } else if (!value.is_null()) {
      EXPECT_TRUE(is_of_type(value, known->second.type)) << name;
    }
  }
}

// What falcosidekick refuses with 400, or does worse to.
void expect_taken_by_sidekick(const json::value& record) {
  const std::set<std::string> priorities{"Emergency", "Alert",  "Critical",      "Error",
                                         "Warning",   "Notice", "Informational", "Debug"};
  EXPECT_TRUE(priorities.contains(text_at(record, "/priority"))) << text_at(record, "/priority");
  EXPECT_NE(text_at(record, "/rule"), "");
  EXPECT_NE(text_at(record, "/rule"), "Test rule");
  EXPECT_TRUE(util::parse_rfc3339(text_at(record, "/time"))) << text_at(record, "/time");
  const auto& fields = record.at("output_fields").as_object();
  EXPECT_FALSE(fields.empty());
  for (const char* name : {"k8s.ns.name", "k8s.pod.name"}) {
    const auto* value = fields.if_contains(name);
    EXPECT_TRUE(value == nullptr || value->is_null() || value->is_string()) << name << ": it panics";
  }
}

TEST(Falco, PrintsTheKeysOfAnAlertInTheirOrder) {
  const auto record = parsed(format_falco(sample_finding()));
  std::vector<std::string> keys;
  for (const auto& pair : record.as_object()) keys.emplace_back(pair.key());
  EXPECT_THAT(
      keys, ElementsAre("hostname", "output", "output_fields", "priority", "rule", "source", "tags", "time"));
}

TEST(Falco, PrintsRecordsThatFalcosidekickTakes) {
  for (const auto& finding : telling_findings()) {
    for (const auto& record : {parsed(format_falco(finding)), parsed(format_falco(finding.event))}) {
      expect_published(record, "", record_fields);
      expect_taken_by_sidekick(record);
      expect_output_fields(record.at("output_fields").as_object());
    }
  }
}

TEST(Falco, GivesFactsUnderFalcosNames) {
  const auto record = parsed(format_falco(sample_finding()));
  const auto& fields = record.at("output_fields").as_object();
  EXPECT_EQ(fields.at("container.id"), "c0ffee000000");
  EXPECT_EQ(fields.at("container.full_id"), json::value(sample_finding().event.container.id.value));
  EXPECT_EQ(fields.at("container.image.repository"), "docker.io/library/nginx");
  EXPECT_EQ(fields.at("container.image.tag"), "1.25");
  EXPECT_EQ(fields.at("k8s.ns.name"), "prod");
  EXPECT_EQ(fields.at("k8s.pod.name"), "web-1");
  EXPECT_EQ(fields.at("fd.name"), "/tmp/x");
  EXPECT_EQ(fields.at("fd.directory"), "/tmp");
  EXPECT_EQ(fields.at("proc.cmdline"), "curl -o /tmp/x");
  EXPECT_EQ(fields.at("proc.pname"), "sh");
  EXPECT_EQ(fields.at("user.uid"), 33);
  EXPECT_EQ(fields.at("evt.time"), sample_finding().event.time.time_since_epoch().count());
  EXPECT_EQ(text_at(record, "/output"),
            "04:00:00.123456789: Warning New executable dropped: elf /tmp/x was written in container web of "
            "pod prod/web-1 by curl[4711]");
  EXPECT_EQ(record.at("tags"),
            (json::array{"T1036", "container", "drift", "mitre_defense_evasion", "team-shop"}));
}

TEST(Falco, SaysNullWhereNothingIsKnown) {
  const auto record = parsed(format_falco(model::Finding{}));
  const auto& fields = record.at("output_fields").as_object();
  for (const char* name : {"container.id", "k8s.ns.name", "fd.name", "proc.name", "proc.pid", "user.uid"})
    EXPECT_TRUE(fields.at(name).is_null()) << name;
}

TEST(Falco, MapsEachSeverityToAPriorityOfItsOwn) {
  std::set<std::string> priorities;
  auto finding = sample_finding();
  for (const auto severity : {model::Severity::info, model::Severity::low, model::Severity::medium,
                              model::Severity::high, model::Severity::critical}) {
    finding.decision.severity = severity;
    priorities.insert(text_at(parsed(format_falco(finding)), "/priority"));
  }
  EXPECT_EQ(priorities.size(), 5U);
}

}  // namespace
}  // namespace dropwarden::sink
