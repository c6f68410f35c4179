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
  Words in_page;
  for (const ManItem& item : tracee_items()) {
    if (item.marked("Va") != "args[].name") continue;
    for (const ManItem& word : item.items) in_page.insert(word.marked("Cm"));
  }
  EXPECT_EQ(in_page, expected) << page_name << ", args[].name";
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
