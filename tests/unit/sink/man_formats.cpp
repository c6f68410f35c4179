// SPDX-License-Identifier: Apache-2.0
// dropwarden-findings(5) has every field of the other formats that are JSON: events, and Tracee's.
#include <set>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "dropwarden/sink/format.hpp"

#include "sample.hpp"
#include "support/json_fields.hpp"
#include "support/man_page.hpp"

namespace dropwarden::sink {
namespace {

namespace json = boost::json;
using test::FieldTypes;
using test::ManItem;
using Words = std::set<std::string>;

const std::string page_name = "man/dropwarden-findings.5, TRACEE FORMAT";

const std::vector<ManItem>& tracee_items() {
  static const test::ManPage page("dropwarden-findings.5");
  return page.section("TRACEE FORMAT").items;
}

json::value tracee(const auto& record) {
  return json::parse(format_tracee(record));
}

// Of a pod's own container, which has one field more.
model::Finding known_finding() {
  auto finding = sample_finding();
  finding.event.container.is_sandbox = true;
  return finding;
}

TEST(ManPage, HasEveryFieldOfTraceesFormatAndNoOther) {
  FieldTypes known;
  test::collect_fields(tracee(known_finding()), known);
  test::collect_fields(tracee(known_finding().event), known);
  FieldTypes unknown;
  test::collect_fields(tracee(model::Finding{}), unknown);
  test::collect_fields(tracee(model::WriteEvent{}), unknown);
  test::expect_fields(tracee_items(), known, unknown, page_name);
  for (const ManItem& item : tracee_items()) {
    const bool is_said = item.text.find("Absent") != std::string::npos;
    EXPECT_EQ(is_said, !unknown.contains(item.marked("Va")))
        << page_name << ", " << item.marked("Va")
        << ": say `Absent` of what is not always there, and of no other";
  }
}

TEST(ManPage, HasTheFieldsOfTraceesFormatInTheirOrder) {
  test::expect_order(tracee_items(), tracee(known_finding()), page_name);
}

TEST(ManPage, HasEveryArgumentOfTraceesFormatAndNoOther) {
  Words expected;
  const auto add = [&](const json::value& record) {
    for (const auto& argument : record.at("args").as_array())
      expected.emplace(std::string(argument.at("name").as_string()));
  };
  add(tracee(sample_finding()));
  add(tracee(sample_finding().event));
  model::Finding summary;
  summary.decision.held_back = 1;
  add(tracee(summary));
  Words in_page;
  for (const ManItem& item : tracee_items()) {
    if (item.marked("Va") != "args[].name") continue;
    for (const ManItem& word : item.items) in_page.insert(word.marked("Cm"));
  }
  EXPECT_EQ(in_page, expected) << page_name << ", args[].name";
}

// Of findings and events, of every kind, and of one whose writer is not known.
FieldTypes fields_in(Format format, const std::vector<model::Finding>& findings) {
  FieldTypes fields;
  for (const auto& finding : findings) {
    test::collect_fields(json::parse(format_line(format, finding, {})), fields);
    test::collect_fields(json::parse(format_line(format, finding.event, {})), fields);
  }
  return fields;
}

TEST(ManPage, HasEveryFieldOfTheOtherFormatsAndNoOther) {
  const test::ManPage page("dropwarden-findings.5");
  const std::vector<model::Finding> unknown(1);
  std::vector<model::Finding> known{sample_finding(), sample_finding()};
  known.front().event.file.kind->elf->os_abi = "sysv";
  known.front().event.process.ancestors.front().exe = "/bin/sh";
  for (const auto& [section, format] :
       {std::pair{"FALCO FORMAT", Format::falco}, std::pair{"ECS FORMAT", Format::ecs},
        std::pair{"OCSF FORMAT", Format::ocsf}}) {
    FieldTypes fields = fields_in(format, known);
    const FieldTypes of_unknown = fields_in(format, unknown);
    fields.insert(of_unknown.begin(), of_unknown.end());
    test::expect_fields(page.section(section).items, fields, of_unknown,
                        std::string("man/dropwarden-findings.5, ") + section);
  }
}

TEST(ManPage, HasEveryKeyOfCefAndNoOther) {
  const test::ManPage page("dropwarden-findings.5");
  const std::string line = format_cef(sample_finding());
  Words in_page;
  for (const ManItem& item : page.section("CEF FORMAT").items) in_page.insert(item.marked("Va"));
  Words expected;
  for (std::size_t at = line.find('='); at != std::string::npos; at = line.find('=', at + 1)) {
    const std::string before = line.substr(0, at);
    const std::string key = before.substr(before.find_last_of(" |") + 1);
    if (!key.ends_with("Label")) expected.insert(key);
  }
  EXPECT_EQ(in_page, expected);
}

TEST(ManPage, HasTheKeysOfAnEvent) {
  std::vector<std::string> expected;
  const auto event = json::parse(format_native(sample_finding().event));
  for (const auto& [name, value] : event.as_object()) expected.emplace_back(name);
  std::vector<std::string> in_page;
  const test::ManPage page("dropwarden-findings.5");
  for (const std::string& line : page.section("EVENTS").lines) {
    const std::string field = test::marked_in(line, "Va");
    if (!field.empty() && field.find('.') == std::string::npos) in_page.push_back(field);
  }
  EXPECT_EQ(in_page, expected)
      << "man/dropwarden-findings.5, EVENTS: name the keys in this order, each as .Va KEY";
}

}  // namespace
}  // namespace dropwarden::sink
