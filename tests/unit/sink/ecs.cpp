// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <gtest/gtest.h>

#include "dropwarden/sink/format.hpp"

#include "printed.hpp"
#include "published_facts.hpp"
#include "sample.hpp"

namespace dropwarden::sink {
namespace {

namespace json = boost::json;

json::value parsed(const std::string& line) {
  return parse_printed(line, max_foreign_bytes);
}

// https://www.elastic.co/docs/reference/ecs/ecs-field-reference, release 8.17: the type of each field, `long`
// as integer, `date` as RFC 3339, `keyword` and the like as text.
const PublishedFields published{
    {"@timestamp", {FieldType::rfc3339}},
    {"message", {}},
    {"tags", {FieldType::text, true}},
    {"ecs.version", {}},
    {"container.id", {}},
    {"container.image.hash.all", {FieldType::text, true}},
    {"container.image.name", {}},
    {"container.image.tag", {FieldType::text, true}},
    {"container.labels.*", {}},
    {"container.name", {}},
    {"container.runtime", {}},
    {"dropwarden.*", {}},  // fields of one's own lie below a name of one's own
    {"event.action", {}},
    {"event.category", {FieldType::text, true}},
    {"event.code", {}},
    {"event.dataset", {}},
    {"event.id", {}},
    {"event.kind", {}},
    {"event.module", {}},
    {"event.provider", {}},
    {"event.severity", {FieldType::integer}},
    {"event.type", {FieldType::text, true}},
    {"file.ctime", {FieldType::rfc3339}},
    {"file.device", {}},
    {"file.directory", {}},
    {"file.elf.architecture", {}},
    {"file.elf.byte_order", {}},
    {"file.elf.header.class", {}},
    {"file.elf.header.data", {}},
    {"file.elf.header.os_abi", {}},
    {"file.elf.header.type", {}},
    {"file.gid", {}},
    {"file.hash.sha256", {}},
    {"file.inode", {}},
    {"file.mode", {}},
    {"file.mtime", {FieldType::rfc3339}},
    {"file.name", {}},
    {"file.path", {}},
    {"file.size", {FieldType::integer}},
    {"file.type", {}},
    {"file.uid", {}},
    {"host.hostname", {}},
    {"host.name", {}},
    {"observer.product", {}},
    {"observer.type", {}},
    {"observer.vendor", {}},
    {"observer.version", {}},
    {"orchestrator.namespace", {}},
    {"orchestrator.resource.id", {}},
    {"orchestrator.resource.name", {}},
    {"orchestrator.resource.type", {}},
    {"orchestrator.type", {}},
    {"process.args", {FieldType::text, true}},
    {"process.args_count", {FieldType::integer}},
    {"process.command_line", {}},
    {"process.executable", {}},
    {"process.name", {}},
    {"process.parent.executable", {}},
    {"process.parent.name", {}},
    {"process.parent.pid", {FieldType::integer}},
    {"process.pid", {FieldType::integer}},
    {"process.start", {FieldType::rfc3339}},
    {"process.user.id", {}},
    {"process.vpid", {FieldType::integer}},
    {"rule.description", {}},
    {"rule.id", {}},
    {"rule.name", {}},
    {"threat.framework", {}},
    {"threat.tactic.name", {FieldType::text, true}},
    {"threat.technique.id", {FieldType::text, true}},
    {"threat.technique.name", {FieldType::text, true}},
    {"user.id", {}},
};

// `expected_event_types` of the two categories.
const std::map<std::string, std::set<std::string>> types_of_category{
    {"file", {"access", "change", "creation", "deletion", "info"}},
    {"intrusion_detection", {"allowed", "denied", "info"}}};

void expect_known_category(const json::value& event) {
  EXPECT_TRUE(event.at("kind") == "alert" || event.at("kind") == "event");
  std::set<std::string> types;
  for (const auto& category : event.at("category").as_array()) {
    const auto known = types_of_category.find(std::string(category.as_string()));
    ASSERT_NE(known, types_of_category.end()) << category;
    types.insert(known->second.begin(), known->second.end());
  }
  for (const auto& type : event.at("type").as_array())
    EXPECT_TRUE(types.contains(std::string(type.as_string()))) << type;
}

TEST(Ecs, PrintsPublishedFieldsAlone) {
  for (const auto& finding : telling_findings()) {
    for (const auto& record : {parsed(format_ecs(finding)), parsed(format_ecs(finding.event))}) {
      expect_published(record, "", published);
      expect_required(record, {"@timestamp", "message", "ecs.version"});
      expect_known_category(record.at("event"));
    }
  }
}

TEST(Ecs, PrintsAFindingAsAnAlert) {
  const auto record = parsed(format_ecs(sample_finding()));
  EXPECT_EQ(record.at_pointer("/event/kind"), "alert");
  EXPECT_EQ(record.at_pointer("/event/id"), json::value(sample_finding().id));
  EXPECT_EQ(record.at_pointer("/event/type"), (json::array{"creation", "info"}));
  EXPECT_EQ(record.at("@timestamp"), "2026-11-23T04:00:00.123456789Z");
  EXPECT_EQ(record.at_pointer("/file/hash/sha256"), json::value(std::string(64, 'd')));
  EXPECT_EQ(record.at_pointer("/container/image/name"), "docker.io/library/nginx");
  EXPECT_EQ(record.at_pointer("/container/image/tag/0"), "1.25");
  EXPECT_EQ(record.at_pointer("/orchestrator/resource/name"), "web-1");
  EXPECT_EQ(record.at_pointer("/process/parent/name"), "sh");
  EXPECT_EQ(record.at_pointer("/threat/technique/id/0"), "T1036");
  EXPECT_EQ(record.at_pointer("/dropwarden/revision"), 2);
  EXPECT_EQ(parsed(format_ecs(sample_finding().event)).at_pointer("/event/kind"), "event");
}

TEST(Ecs, HasNoFieldForWhatIsNotKnown) {
  const auto record = parsed(format_ecs(model::Finding{}));
  for (const char* name : {"container", "host", "orchestrator", "process", "rule", "threat", "user"})
    EXPECT_FALSE(record.as_object().contains(name)) << name;
}

TEST(Ecs, NestsNoLabel) {
  auto finding = sample_finding();
  finding.event.container.labels = {{"io.kubernetes.pod.name", "web"}, {"io", "x"}};
  const auto record = parsed(format_ecs(finding));
  EXPECT_EQ(record.at_pointer("/container/labels"),
            (json::object{{"io", "x"}, {"io_kubernetes_pod_name", "web"}}));
}

}  // namespace
}  // namespace dropwarden::sink
