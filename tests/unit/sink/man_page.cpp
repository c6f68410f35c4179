// SPDX-License-Identifier: Apache-2.0
// dropwarden-findings(5) has every field with its type, every word of a field, every bound, and nothing else.
#include "support/man_page.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/model/disposition.hpp"
#include "dropwarden/sink/format.hpp"

#include "every_kind.hpp"
#include "sample.hpp"
#include "support/json_fields.hpp"

namespace dropwarden::sink {
namespace {

namespace json = boost::json;
using test::FieldTypes;
using test::ManItem;
using testing::HasSubstr;
using testing::IsEmpty;
using Words = std::set<std::string>;

const std::string page_name = "man/dropwarden-findings.5";

const test::ManPage& page() {
  static const test::ManPage page("dropwarden-findings.5");
  return page;
}

FieldTypes fields_of(const std::vector<model::Finding>& findings) {
  FieldTypes fields;
  for (const auto& finding : findings) test::collect_fields(json::parse(format_native(finding)), fields);
  return fields;
}

std::vector<model::Finding> known_findings() {
  std::vector<model::Finding> findings;
  for (const KindSample& kind : every_kind()) {
    findings.push_back(sample_finding());
    findings.back().event.file.kind = kind.known;
  }
  return findings;
}

// Nothing is known that a finding can do without.
std::vector<model::Finding> unknown_findings() {
  std::vector<model::Finding> findings(1);
  for (const KindSample& kind : every_kind()) findings.emplace_back().event.file.kind = kind.unknown;
  for (auto& finding : findings) {
    finding.id = "0";
    finding.event.process.ancestors.resize(1);
  }
  findings.push_back(findings.front());
  findings.back().event.container.pod.emplace();
  findings.back().decision.exception.emplace();
  findings.back().decision.attacks.resize(1);
  return findings;
}

TEST(ManPage, HasEveryFieldWithItsTypeAndNoOther) {
  test::expect_fields(page().section("THE FINDING").items, fields_of(known_findings()),
                      fields_of(unknown_findings()), page_name);
}

TEST(ManPage, RefersToNoFieldThatThereIsNot) {
  const FieldTypes known = fields_of(known_findings());
  for (const auto& section : page().sections()) {
    if (section.name.ends_with(" FORMAT")) continue;  // has fields of its own
    for (const std::string& line : section.lines) {
      const std::string path = test::marked_in(line, "Va");
      if (!path.empty() && !known.contains(path))
        ADD_FAILURE() << page_name << ", " << section.name << ": there is no field " << path;
    }
  }
}

TEST(ManPage, HasTheFieldsInTheirOrder) {
  for (const auto& finding : known_findings())
    test::expect_order(page().section("THE FINDING").items, json::parse(format_native(finding)), page_name);
}

// The words of an enumeration, also those that are added later: past its last value `name_of` has but the
// word that it falls back to.
template <class Value>
Words words() {
  Words words;
  constexpr int more_than_any_has = 64;
  for (int i = 0; i < more_than_any_has; ++i) words.insert(name_of(static_cast<Value>(i)));
  return words;
}

std::map<std::string, Words> words_of_fields() {
  return {{"status", {"open", "final"}},
          {"detected_by", words<model::Sensor>()},
          {"decision.verdict", words<model::Verdict>()},
          {"decision.severity", words<model::Severity>()},
          {"decision.grounds", words<model::Ground>()},
          {"event.container.runtime", words<model::Runtime>()},
          {"event.container.metadata", words<model::Metadata>()},
          {"event.file.path_state", words<model::PathState>()},
          {"event.file.kind", words<model::Format>()},
          {"event.file.elf.type", words<model::ElfType>()},
          {"event.file.elf.endian", {"little", "big"}},
          {"event.file.elf.malformed", words<model::ElfDefect>()},
          {"event.file.elf.packed", words<model::PackingSign>()},
          {"event.file.pe.type", words<model::PeType>()},
          {"event.file.mach_o.type", words<model::MachOType>()},
          {"event.file.mount", words<model::Place>()},
          {"event.file.origin", words<model::Origin>()},
          {"event.file.sha256.status", words<model::HashStatus>()},
          {"event.file.capture.status", words<model::CaptureStatus>()},
          {"event.process.container", words<model::Belonging>()},
          {"event.process.state", words<model::ProcessState>()}};
}

// `items` has each of `expected` as `.It Cm WORD`, and no other.
void expect_words(const std::vector<ManItem>& items, const Words& expected, const std::string& place) {
  Words in_page;
  for (const ManItem& item : items) in_page.insert(item.marked("Cm"));
  for (const std::string& word : expected) {
    if (!in_page.contains(word))
      ADD_FAILURE() << place << " lacks a word: add\n.It Cm " << word << "\nWhat it says.\n";
  }
  for (const std::string& word : in_page) {
    if (!expected.contains(word))
      ADD_FAILURE() << place << ": `.It Cm " << word << "` is never said: remove it";
  }
}

TEST(ManPage, HasEveryWordOfAFieldAndNoOther) {
  auto expected = words_of_fields();
  for (const ManItem& item : page().section("THE FINDING").items) {
    const std::string path = item.marked("Va");
    if (expected.contains(path)) {
      expect_words(item.items, expected.at(path), std::string(page_name).append(", ").append(path));
      expected.erase(path);
    } else {
      EXPECT_THAT(item.items, IsEmpty())
          << page_name << " lists words of " << path << ": add them to words_of_fields() in " << __FILE__;
    }
  }
  for (const auto& [path, words] : expected)
    ADD_FAILURE() << page_name << " has no field " << path << ", which words_of_fields() knows";
}

TEST(ManPage, KnowsAFileOfEveryKind) {
  Words kinds;
  for (const KindSample& kind : every_kind()) kinds.insert(name_of(kind.known.format));
  EXPECT_EQ(kinds, words<model::Format>()) << "every_kind.hpp lacks a format";
}

void make_huge(model::FileKind& kind, const std::string& huge) {
  if (kind.elf) kind.elf->machine = kind.elf->interpreter = kind.elf->os_abi = huge;
  if (kind.script) kind.script->interpreter = kind.script->argument = kind.script->program = huge;
  if (kind.pe) kind.pe->machine = huge;
  if (kind.python_bytecode) kind.python_bytecode->version = huge;
  if (kind.archive) kind.archive->first_member = huge;
  kind.registration = model::Registration{huge, huge, huge};
}

// Every text longer than any bound.
model::Finding huge_finding(const model::FileKind& kind) {
  const std::string huge(std::size_t{1} << 16U, 'x');
  auto finding = sample_finding();
  finding.id = finding.event.node = huge;
  finding.decision.rule = huge;
  finding.decision.tags.assign(1, huge);
  finding.decision.exception = model::ExceptedBy{huge, huge};
  auto& container = finding.event.container;
  container.id = {huge};
  container.name = container.image.name = container.image.digest = huge;
  container.pod = model::Pod{huge, huge, huge};
  auto& file = finding.event.file;
  file.path = file.sha256.value = huge;
  file.kind = kind;
  make_huge(*file.kind, huge);
  finding.event.process.name = finding.event.process.exe = huge;
  finding.event.process.ancestors.assign(1, {{1}, huge, huge});
  return finding;
}

void collect_bounds(const json::value& value, const std::string& path,
                    std::map<std::string, std::size_t>& bounds) {
  constexpr std::string_view cut = "…";
  if (value.is_object()) {
    for (const auto& [name, inner] : value.as_object())
      collect_bounds(inner, path.empty() ? std::string(name) : (std::string(path) += ".") += name, bounds);
  } else if (value.is_array()) {
    for (const auto& inner : value.as_array()) collect_bounds(inner, path + "[]", bounds);
  } else if (value.is_string() && std::string_view(value.as_string()).ends_with(cut)) {
    bounds[path] = value.as_string().size() - cut.size();
  }
}

TEST(ManPage, SaysWhereTextsAreCut) {
  std::map<std::string, std::size_t> bounds;
  for (const KindSample& kind : every_kind())
    collect_bounds(json::parse(format_native(huge_finding(kind.known))), "", bounds);
  for (const ManItem& item : page().section("THE FINDING").items) {
    const auto bound = bounds.find(item.marked("Va"));
    if (bound == bounds.end()) continue;
    EXPECT_THAT(item.text, HasSubstr("t most " + std::to_string(bound->second) + " bytes."))
        << page_name << ": say this of " << bound->first;
  }
  EXPECT_GT(bounds.size(), 15U);
}

TEST(ManPage, HasEveryWayAnEventEndsAndEveryLoss) {
  Words expected;
  for (const auto disposition : model::dispositions) expected.insert(name_of(disposition));
  for (const auto loss : model::losses) expected.insert(name_of(loss));
  expect_words(page().section("THE LEDGER").items, expected, page_name + ", THE LEDGER");
}

}  // namespace
}  // namespace dropwarden::sink
