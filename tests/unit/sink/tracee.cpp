// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sink/format.hpp"

#include "printed.hpp"
#include "sample.hpp"

namespace dropwarden::sink {
namespace {

namespace json = boost::json;
using namespace std::string_literals;
using testing::HasSubstr;
using testing::Not;

json::value parsed(const std::string& line) {
  return parse_printed(line, max_tracee_bytes);
}

enum class Type { integer, text, object, array, boolean, null };

Type type_of(const json::value& value) {
  if (value.is_int64() || value.is_uint64()) return Type::integer;
  if (value.is_string()) return Type::text;
  if (value.is_object()) return Type::object;
  if (value.is_array()) return Type::array;
  return value.is_bool() ? Type::boolean : Type::null;
}

using Table = std::vector<std::pair<std::string, Type>>;

Table table_of(const json::value& object) {
  Table table;
  for (const auto& pair : object.as_object()) table.emplace_back(pair.key(), type_of(pair.value()));
  return table;
}

// `trace.Event` of release 0.24, with every key that is ever there.
const Table event_table{{"timestamp", Type::integer},       {"threadStartTime", Type::integer},
                        {"processorId", Type::integer},     {"processId", Type::integer},
                        {"cgroupId", Type::integer},        {"threadId", Type::integer},
                        {"parentProcessId", Type::integer}, {"hostProcessId", Type::integer},
                        {"hostThreadId", Type::integer},    {"hostParentProcessId", Type::integer},
                        {"userId", Type::integer},          {"mountNamespace", Type::integer},
                        {"pidNamespace", Type::integer},    {"processName", Type::text},
                        {"executable", Type::object},       {"hostName", Type::text},
                        {"containerId", Type::text},        {"container", Type::object},
                        {"kubernetes", Type::object},       {"eventId", Type::text},
                        {"eventName", Type::text},          {"argsNum", Type::integer},
                        {"returnValue", Type::integer},     {"syscall", Type::text},
                        {"stackAddresses", Type::null},     {"contextFlags", Type::object},
                        {"threadEntityId", Type::integer},  {"processEntityId", Type::integer},
                        {"parentEntityId", Type::integer},  {"args", Type::array}};

const Table argument_of_text{{"name", Type::text}, {"type", Type::text}, {"value", Type::text}};
const Table argument_of_number{{"name", Type::text}, {"type", Type::text}, {"value", Type::integer}};

void expect_base_arguments(const json::array& arguments) {
  const std::vector<std::tuple<std::string, std::string, Table>> expected{
      {"pathname", "string", argument_of_text},
      {"bytes", "[]byte", argument_of_text},
      {"dev", "uint32", argument_of_number},
      {"inode", "uint64", argument_of_number}};
  ASSERT_EQ(arguments.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto& [name, type, table] = expected[i];
    EXPECT_EQ(text_at(arguments[i], "/name"), name);
    EXPECT_EQ(text_at(arguments[i], "/type"), type);
    EXPECT_EQ(table_of(arguments[i]), table) << name;
  }
}

void expect_context(const json::value& line) {
  EXPECT_EQ(table_of(line.at("executable")), (Table{{"path", Type::text}}));
  EXPECT_EQ(table_of(line.at("contextFlags")),
            (Table{{"containerStarted", Type::boolean}, {"isCompat", Type::boolean}}));
  EXPECT_EQ(
      table_of(line.at("container")),
      (Table{{"id", Type::text}, {"name", Type::text}, {"image", Type::text}, {"imageDigest", Type::text}}));
  EXPECT_EQ(table_of(line.at("kubernetes")),
            (Table{{"podName", Type::text}, {"podNamespace", Type::text}, {"podUID", Type::text}}));
}

TEST(Tracee, FindingHasTheKeysTheirOrderAndTheirTypes) {
  const auto line = parsed(format_tracee(sample_finding()));
  Table expected = event_table;
  expected.emplace_back("metadata", Type::object);
  EXPECT_EQ(table_of(line), expected);
  expect_context(line);
  const auto& arguments = line.at("args").as_array();
  ASSERT_EQ(arguments.size(), 2U);
  EXPECT_EQ(table_of(arguments[0]), argument_of_text);
  EXPECT_EQ(table_of(arguments[1]),
            (Table{{"name", Type::text}, {"type", Type::text}, {"value", Type::object}}));
  EXPECT_EQ(table_of(line.at_pointer("/args/1/value")), (Table{{"args", Type::array},
                                                               {"id", Type::integer},
                                                               {"name", Type::text},
                                                               {"returnValue", Type::integer}}));
  expect_base_arguments(line.at_pointer("/args/1/value/args").as_array());
  EXPECT_EQ(table_of(line.at("metadata")), (Table{{"Version", Type::text},
                                                  {"Description", Type::text},
                                                  {"Tags", Type::null},
                                                  {"Properties", Type::object}}));
  EXPECT_EQ(table_of(line.at_pointer("/metadata/Properties")), (Table{{"Category", Type::text},
                                                                      {"Kubernetes_Technique", Type::text},
                                                                      {"Severity", Type::integer},
                                                                      {"Technique", Type::text},
                                                                      {"external_id", Type::text},
                                                                      {"id", Type::text},
                                                                      {"signatureID", Type::text},
                                                                      {"signatureName", Type::text}}));
}

TEST(Tracee, EventHasTheKeysTheirOrderAndTheirTypes) {
  const auto line = parsed(format_tracee(sample_finding().event));
  EXPECT_EQ(table_of(line), event_table);
  expect_context(line);
  expect_base_arguments(line.at("args").as_array());
}

// Where dropwarden has no value there is one all the same: a consumer that decodes into the struct goes on.
TEST(Tracee, KeepsEveryKeyWhereNothingIsKnown) {
  Table expected = event_table;
  EXPECT_EQ(table_of(parsed(format_tracee(model::WriteEvent{}))), expected);
  expected.emplace_back("metadata", Type::object);
  const auto line = parsed(format_tracee(model::Finding{}));
  EXPECT_EQ(table_of(line), expected);
  EXPECT_EQ(line.at("container"), json::value(json::object{}));
  EXPECT_EQ(line.at("kubernetes"), json::value(json::object{}));
  EXPECT_EQ(line.at("userId"), 4294967295U) << "0 would say that root did it";
}

TEST(Tracee, IsTheFormatToTheLetter) {
  const std::string id = "c0ffee0000000000000000000000000000000000000000000000000000000001";
  EXPECT_EQ(
      format_tracee(sample_finding()),
      R"({"timestamp":1795406400123456789,"threadStartTime":1795219200000000000,"processorId":0,"processId":9,)"
      R"("cgroupId":5205,"threadId":9,"parentProcessId":8,"hostProcessId":4711,"hostThreadId":4711,)"
      R"("hostParentProcessId":4700,"userId":33,"mountNamespace":4026532701,"pidNamespace":4026532703,"processName":"curl",)"
      R"("executable":{"path":"/usr/bin/curl"},"hostName":"web-1","containerId":")" +
          id + R"(","container":{"id":")" + id +
          R"(","name":"web","image":"docker.io/library/nginx:1.25","imageDigest":"sha256:aa"},)"
          R"("kubernetes":{"podName":"web-1","podNamespace":"prod",)"
          R"("podUID":"8f3e1c4e-3f7a-4a52-9a8a-0f4f7f0c8d11"},"eventId":"6029","eventName":"dropped_executable",)"
          R"("argsNum":2,"returnValue":16384,"syscall":"","stackAddresses":null,)"
          R"("contextFlags":{"containerStarted":true,"isCompat":false},"threadEntityId":0,"processEntityId":0,)"
          R"("parentEntityId":0,"args":[{"name":"path","type":"const char *","value":"/tmp/x"},)"
          R"({"name":"detectedFrom","type":"unknown","value":{"args":[)"
          R"({"name":"pathname","type":"string","value":"/tmp/x"},)"
          R"({"name":"bytes","type":"[]byte","value":"f0VMRgI="},{"name":"dev","type":"uint32","value":53},)"
          R"({"name":"inode","type":"uint64","value":18446744073709551615}],"id":727,"name":"magic_write",)"
          R"("returnValue":16384}}],"metadata":{"Version":"1","Description":"An Executable file was dropped in the )"
          R"(system during runtime. Container images are usually built with all binaries needed inside. A dropped )"
          R"(binary may indicate that an adversary infiltrated your container.","Tags":null,)"
          R"("Properties":{"Category":"defense-evasion","Kubernetes_Technique":"","Severity":2,)"
          R"("Technique":"Masquerading","external_id":"T1036","id":"attack-pattern--1","signatureID":"TRC-1022",)"
          R"("signatureName":"New executable dropped"}}})");
}

TEST(Tracee, EventCarriesItsOwnNumberAndNoMetadata) {
  const auto line = parsed(format_tracee(sample_finding().event));
  EXPECT_EQ(text_at(line, "/eventId"), "727");
  EXPECT_EQ(text_at(line, "/eventName"), "magic_write");
  EXPECT_EQ(line.at("argsNum"), 4);
}

TEST(Tracee, PrintsADeviceAsTheKernelKeepsIt) {
  auto event = sample_finding().event;
  event.file.device = {8, 1};
  EXPECT_EQ(parsed(format_tracee(event)).at_pointer("/args/2/value"), 8U << 20U | 1U);
}

TEST(Tracee, CutsTheNamesOfProcessAndHostAsTraceeDoes) {
  auto event = sample_finding().event;
  event.process.name = "kworker/u8:2-events_unbound";
  event.process.host_name = "app-75ff449bcd-hfwnz";
  const auto line = parsed(format_tracee(event));
  EXPECT_EQ(text_at(line, "/processName"), "kworker/u8:2-ev");
  EXPECT_EQ(text_at(line, "/hostName"), "app-75ff449bcd-");
}

TEST(Tracee, EscapesAsGoDoes) {
  struct Case {
    std::string name;
    std::string printed;
  };
  const std::vector<Case> cases{{"/tmp/<a>&b", R"(/tmp/\u003ca\u003e\u0026b)"},
                                {"a\u2028b\u2029", R"(a\u2028b\u2029)"},
                                {"a\nb\tc\rd", R"(a\nb\tc\rd)"},
                                {"\x01\x1b[2J", R"(\u0001\u001b[2J)"},
                                {"\"\\/", R"(\"\\/)"},
                                {"\xff\xe2\x80", "\uFFFD\uFFFD\uFFFD"},
                                {"größe/文件", "größe/文件"},
                                // The same characters to every parser, harmless on a terminal.
                                {"\u009b2J\x7f\u202egpj", R"(\u009b2J\u007f\u202egpj)"}};
  for (const auto& [name, printed] : cases) {
    auto event = sample_finding().event;
    event.file.path = name;
    EXPECT_THAT(format_tracee(event), HasSubstr(R"("type":"string","value":")" + printed + "\""));
  }
}

TEST(Tracee, GivesBackEveryNameThatIsText) {
  for (const auto& name : {"\"},\"eventId\":\"0\",{\""s, "a\nb"s, "\x1b[2J"s, "\u202egpj.elf"s, "\\u0041"s,
                           "nul\0nul"s, "<script>&amp;</script>"s}) {
    auto finding = sample_finding();
    finding.event.file.path = finding.event.process.name = finding.event.container.name = name;
    const auto line = format_tracee(finding);
    EXPECT_THAT(line, Not(HasSubstr("\x1b")));
    const auto value = parsed(line);
    EXPECT_EQ(text_at(value, "/args/0/value"), name);
    EXPECT_EQ(text_at(value, "/args/1/value/args/0/value"), name);
    EXPECT_EQ(text_at(value, "/container/name"), name);
    EXPECT_EQ(text_at(value, "/eventId"), "6029");
  }
}

TEST(Tracee, StaysWithinItsBoundWhateverItIsGiven) {
  for (const std::string unit : {"\xff", "\x01", "<", "\"", "\u202e"}) {
    std::string huge;
    while (huge.size() < (1U << 20U)) huge += unit;
    model::Finding finding;
    finding.event.header.resize(1U << 20U);
    finding.event.container.id = {huge};
    finding.event.container.name = finding.event.container.image.name = finding.event.container.image.digest =
        huge;
    finding.event.container.pod = model::Pod{huge, huge, huge};
    finding.event.file.path = finding.event.process.name = finding.event.process.exe = huge;
    finding.event.process.host_name = huge;
    EXPECT_TRUE(text_at(parsed(format_tracee(finding)), "/args/0/value").ends_with("…"));
  }
}

}  // namespace
}  // namespace dropwarden::sink
