// SPDX-License-Identifier: Apache-2.0
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

constexpr PublishedField text{};
constexpr PublishedField integer{FieldType::integer};
constexpr PublishedField object{FieldType::object};
constexpr PublishedField objects{FieldType::object, true};
constexpr PublishedField texts{FieldType::text, true};

void add_file(PublishedFields& fields, const std::string& path) {
  for (const char* name : {"name", "parent_folder", "path", "type", "uid", "owner.uid"})
    fields.emplace(path + "." + name, text);
  for (const char* name : {"modified_time", "size", "type_id"}) fields.emplace(path + "." + name, integer);
  fields.emplace(path + ".hashes", objects);
  fields.emplace(path + ".hashes.algorithm", text);
  fields.emplace(path + ".hashes.algorithm_id", integer);
  fields.emplace(path + ".hashes.value", text);
}

void add_process(PublishedFields& fields, const std::string& path) {
  for (const char* name : {"cmd_line", "name", "user.uid"}) fields.emplace(path + "." + name, text);
  for (const char* name : {"created_time", "namespace_pid", "pid"})
    fields.emplace(path + "." + name, integer);
  add_file(fields, path + ".file");
}

void add_container(PublishedFields& fields, const std::string& path) {
  for (const char* name : {"image.name", "image.uid", "name", "orchestrator", "pod_uuid", "runtime", "uid"})
    fields.emplace(path + "." + name, text);
  fields.emplace(path + ".labels", texts);
}

// https://schema.ocsf.io/1.5.0/classes/base_event: types of attributes, `timestamp_t` and `long_t` as
// integer.
PublishedFields base_fields() {
  PublishedFields fields;
  for (const char* name :
       {"activity_name", "category_name", "class_name", "message", "severity", "type_name",
        "metadata.product.name", "metadata.product.vendor_name", "metadata.product.version",
        "metadata.version", "device.hostname", "device.type", "status"})
    fields.emplace(name, text);
  for (const char* name : {"activity_id", "category_uid", "class_uid", "severity_id", "time", "type_uid",
                           "device.type_id", "status_id"})
    fields.emplace(name, integer);
  fields.emplace("metadata.profiles", texts);
  fields.emplace("unmapped.*", object);
  return fields;
}

PublishedFields detection_finding() {
  PublishedFields fields = base_fields();
  fields.emplace("is_alert", PublishedField{FieldType::boolean});
  fields.emplace("evidences", objects);
  add_container(fields, "evidences.container");
  add_file(fields, "evidences.file");
  add_process(fields, "evidences.process");
  add_process(fields, "evidences.process.parent_process");
  for (const char* name : {"desc", "title", "uid", "analytic.name", "analytic.type", "analytic.uid",
                           "attacks.tactic.name", "attacks.technique.name", "attacks.technique.uid"})
    fields.emplace(std::string("finding_info.") + name, text);
  fields.emplace("finding_info.analytic.type_id", integer);
  fields.emplace("finding_info.attacks", objects);
  fields.emplace("finding_info.created_time", integer);
  fields.emplace("finding_info.data_sources", texts);
  fields.emplace("finding_info.types", texts);
  fields.emplace("resources", objects);
  for (const char* name : {"name", "namespace", "type", "uid"})
    fields.emplace(std::string("resources.") + name, text);
  return fields;
}

PublishedFields file_activity() {
  PublishedFields fields = base_fields();
  fields.emplace("actor.app_name", text);
  add_process(fields, "actor.process");
  add_process(fields, "actor.process.parent_process");
  add_file(fields, "file");
  return fields;
}

// `requirement: required` of the class, and of each object that is there.
const std::vector<std::string> required_of_base{
    "activity_id",      "category_uid", "class_uid", "metadata", "metadata.product",
    "metadata.version", "severity_id",  "time",      "type_uid", "device.type_id"};
const std::vector<std::string> required_of_finding{"finding_info",
                                                   "finding_info.uid",
                                                   "finding_info.title",
                                                   "finding_info.analytic.type_id",
                                                   "evidences.file.name",
                                                   "evidences.file.type_id",
                                                   "evidences.file.hashes.algorithm_id",
                                                   "evidences.file.hashes.value",
                                                   "evidences.container.image.uid",
                                                   "evidences.process.pid",
                                                   "evidences.process.file.name",
                                                   "evidences.process.file.type_id"};
const std::vector<std::string> required_of_activity{"actor", "device", "file", "file.name", "file.type_id"};

TEST(Ocsf, PrintsADetectionFinding) {
  for (const auto& finding : telling_findings()) {
    const auto record = parsed(format_ocsf(finding));
    expect_published(record, "", detection_finding());
    expect_required(record, required_of_base);
    expect_required(record, required_of_finding);
    EXPECT_EQ(record.at("class_uid"), 2004);
    EXPECT_EQ(record.at("category_uid"), 2);
    EXPECT_EQ(record.at("type_uid").as_int64(), 200400 + record.at("activity_id").as_int64());
  }
}

TEST(Ocsf, PrintsAnEventAsFileSystemActivity) {
  for (const auto& finding : telling_findings()) {
    const auto record = parsed(format_ocsf(finding.event));
    expect_published(record, "", file_activity());
    expect_required(record, required_of_base);
    expect_required(record, required_of_activity);
    EXPECT_EQ(record.at("class_uid"), 1001);
    EXPECT_EQ(record.at("type_uid").as_int64(), 100100 + record.at("activity_id").as_int64());
    EXPECT_EQ(record.at("severity_id"), 1);
  }
}

TEST(Ocsf, CreatesAFindingOnceAndUpdatesItThen) {
  auto finding = sample_finding();
  EXPECT_EQ(parsed(format_ocsf(finding)).at("activity_name"), "Update");
  finding.revision = 1;
  EXPECT_EQ(parsed(format_ocsf(finding)).at("activity_name"), "Create");
}

TEST(Ocsf, HasTheFacts) {
  const auto record = parsed(format_ocsf(sample_finding()));
  EXPECT_EQ(record.at("time"), 1795406400123);
  EXPECT_EQ(record.at("severity_id"), 3);
  EXPECT_EQ(record.at("severity"), "Medium");
  EXPECT_EQ(record.at_pointer("/finding_info/uid"), json::value(sample_finding().id));
  EXPECT_EQ(record.at_pointer("/finding_info/attacks/0/technique/uid"), "T1036");
  EXPECT_EQ(record.at_pointer("/evidences/0/file/hashes/0/algorithm_id"), 3);
  EXPECT_EQ(record.at_pointer("/evidences/0/file/name"), "x");
  EXPECT_EQ(record.at_pointer("/evidences/0/container/image/uid"), "sha256:aa");
  EXPECT_EQ(record.at_pointer("/evidences/0/process/namespace_pid"), 9);
  EXPECT_EQ(record.at_pointer("/resources/0/namespace"), "prod");
}

}  // namespace
}  // namespace dropwarden::sink
