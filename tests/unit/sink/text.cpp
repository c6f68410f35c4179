// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sink/columns.hpp"
#include "dropwarden/sink/format.hpp"

#include "sample.hpp"
#include "support/counted_allocations.hpp"

namespace dropwarden::sink {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const TextStyle plain{};

std::string without_colors(std::string text) {
  for (auto at = text.find('\x1b'); at != std::string::npos; at = text.find('\x1b'))
    text.erase(at, text.find('m', at) + 1 - at);
  return text;
}

TEST(Text, IsOneAlignedLine) {
  auto finding = sample_finding();
  EXPECT_EQ(
      format_text(finding, plain),
      "2026-11-23T04:00:00.123Z  medium    prod/web-1/web            elf pie x86_64  curl[4711]          "
      "/tmp/x  sha256:" +
          std::string(64, 'd'));
  finding.event.file.sha256 = {};
  const auto column = format_text(finding, plain).find("/tmp/x");
  finding.event.container.pod.reset();
  finding.event.process.pid = {};
  finding.event.file.kind = {
      .format = model::Format::script, .elf = {}, .script = model::ScriptFacts{"/bin/sh", "-e"}};
  EXPECT_EQ(format_text(finding, plain).find("/tmp/x"), column);
  EXPECT_THAT(format_text(finding, plain), HasSubstr("  script sh       "));
}

TEST(Text, FitsTheTerminal) {
  auto finding = sample_finding();
  finding.event.container.pod->name = "checkout-frontend-75ff449bcd-hfwnz";
  finding.event.process.name = "minikube-linux-";
  finding.event.file.path = "/usr/local/share/some/rather/long/directory/minikube-linux-amd64";
  EXPECT_EQ(format_text_header({.columns = 80}),
            "UTC      SEVERITY CONTAINER      KIND       PROCESS       PATH");
  EXPECT_EQ(format_text(finding, {.columns = 80}),
            "04:00:00 medium   prod…hfwnz/web elf pie    mini…x-[4711] /usr/lo…be-linux-amd64");
  EXPECT_EQ(format_text_header({.columns = 120}),
            "TIME (UTC)    SEVERITY  CONTAINER                 KIND            PROCESS             PATH");
  EXPECT_EQ(format_text(finding, {.columns = 120}),
            "04:00:00.123  medium    prod/ch…449bcd-hfwnz/web  elf pie x86_64  minik…linux-[4711]  "
            "/usr/local/…y/minikube-linux-amd64");
  EXPECT_EQ(format_text(finding, {.columns = 200}),
            "2026-11-23T04:00:00.123Z  medium    prod/checkout-frontend-75ff449bcd-hfwnz/web   "
            "elf pie x86_64        minikube-linux-[4711]     "
            "/usr/local/share/some/rather/long/directory/minikube-linux-amd64");
}

TEST(Text, NeverIsWiderThanTheTerminal) {
  for (const std::string& unit :
       {std::string("x"), std::string("文"), std::string("\xff"), std::string("\"")}) {
    std::string huge;
    while (huge.size() < 4096) huge += unit;
    auto finding = sample_finding();
    finding.event.container.name = finding.event.file.path = finding.event.process.name = huge;
    finding.event.file.path_state = model::PathState::deleted;
    for (std::size_t columns = 70; columns < 250; ++columns) {
      EXPECT_LE(columns_of(format_text(finding, {.columns = columns})), columns);
      EXPECT_LE(columns_of(format_text(finding.event, {.columns = columns})), columns);
    }
  }
}

TEST(Text, SaysWhatIsSpecialAboutTheFile) {
  auto finding = sample_finding();
  finding.event.file.path_state = model::PathState::deleted;
  finding.event.file.origin = model::Origin::modified;
  EXPECT_THAT(format_text(finding, {.columns = 120}), EndsWith("  /tmp/x (deleted, modified)"));
}

TEST(Text, SaysWhatItDoesNotKnow) {
  const auto line = format_text(model::Finding{}, plain);
  EXPECT_EQ(
      line,
      "1970-01-01T00:00:00.000Z  info      ?                         -               ?                   ?");
}

TEST(Text, TellsAnEventFromAFinding) {
  auto event = sample_finding().event;
  event.file.kind.reset();
  EXPECT_THAT(format_text(event, {.columns = 120}),
              StartsWith("04:00:00.123  write     prod/web-1/web            -     "));
}

TEST(Text, ColorsAddSequencesAndNothingElse) {
  const auto finding = sample_finding();
  for (const std::size_t columns : {0U, 80U, 120U, 200U}) {
    const TextStyle style{.columns = columns};
    const TextStyle colored{.columns = columns, .is_colored = true};
    EXPECT_THAT(format_text(finding, style), Not(HasSubstr("\x1b")));
    EXPECT_THAT(format_text(finding, colored), HasSubstr("\x1b[33mmedium\x1b[0m"));
    EXPECT_EQ(without_colors(format_text(finding, colored)), format_text(finding, style));
    EXPECT_EQ(without_colors(format_text(finding.event, colored)), format_text(finding.event, style));
    EXPECT_EQ(without_colors(format_text_header(colored)), format_text_header(style));
  }
}

TEST(Text, ColorsASeverityByItsWeight) {
  auto finding = sample_finding();
  finding.decision.severity = model::Severity::critical;
  EXPECT_THAT(format_text(finding, {.columns = 80, .is_colored = true}),
              HasSubstr("\x1b[1;31mcritical\x1b[0m"));
}

TEST(Text, LetsNoNamePassForTheWordsAroundIt) {
  auto finding = sample_finding();
  finding.event.file.path = "/tmp/x (deleted)";
  finding.event.process.name = "a\" b";
  finding.event.container.name = "\x1b[2Jweb\n";
  finding.event.file.kind->elf->machine = "x  sshd[1]";
  const auto line = format_text(finding, plain);
  EXPECT_THAT(line, HasSubstr("  \"/tmp/x (deleted)\"  sha256:"));
  EXPECT_THAT(line, HasSubstr("  \"a\\\" b\"[4711]  "));
  EXPECT_THAT(line, HasSubstr("\"prod/web-1/\\x1b[2Jweb\\n\""));
  EXPECT_THAT(line, HasSubstr("elf pie \"x  sshd[1]\"  "));
  EXPECT_EQ(line.find_first_of("\x1b\n"), std::string::npos);
}

TEST(Text, IsBounded) {
  auto finding = sample_finding();
  const std::string huge(1U << 20U, '\xff');
  finding.event.container.name = finding.event.file.path = finding.event.process.name =
      finding.event.file.kind->elf->machine = huge;
  EXPECT_LT(format_text(finding, {.columns = 0, .is_colored = true}).size(), 20000U);
}

TEST(Text, IsTheSameOfARecordThatWasStored) {
  auto finding = sample_finding();
  finding.decision.verdict = model::Verdict::shown;
  for (const std::size_t columns : {0U, 80U, 120U, 200U}) {
    const TextStyle style{.columns = columns, .is_colored = columns == 120};
    EXPECT_EQ(format_text(format_native(finding), style), format_text(finding, style)) << columns;
  }
  finding.event.file.path = "/tmp/\x1b[2J \\ \xff";
  finding.event.file.path_state = model::PathState::deleted;
  finding.event.file.origin = model::Origin::modified;
  finding.event.container = {};
  finding.event.process = {};
  finding.event.file.kind.reset();
  EXPECT_EQ(format_text(format_native(finding), plain), format_text(finding, plain));
}

// Thousands of them are an answer of `dropwarden findings`.
TEST(Text, OfARecordTakesNoMemoryForEachOfItsValues) {
  const std::string record = format_native(sample_finding());
  const auto values = std::ranges::count(record, ':');
  const long before = test::allocations();
  const auto line = format_text(record, plain);
  EXPECT_LT(test::allocations() - before, values / 2);
  EXPECT_TRUE(line);
}

TEST(Text, SaysOfARecordThatItWasNotShown) {
  auto finding = sample_finding();
  finding.decision.verdict = model::Verdict::excepted;
  EXPECT_THAT(*format_text(format_native(finding), {.columns = 120}), EndsWith("  /tmp/x (excepted)"));
  finding.decision.verdict = model::Verdict::held_back;
  EXPECT_THAT(*format_text(format_native(finding), {.columns = 120}), EndsWith("  /tmp/x (held back)"));
}

TEST(Text, SaysOfASummaryThatWasStoredForHowManyItStands) {
  model::Finding summary;
  summary.decision.held_back = 7;
  EXPECT_THAT(*format_text(format_native(summary), plain), EndsWith("7 findings held back"));
}

TEST(Text, OfARecordTakesWhatIsMissingAsUnknown) {
  EXPECT_EQ(format_text(std::string("no JSON"), plain), std::nullopt);
  EXPECT_EQ(format_text(std::string("[]"), plain), std::nullopt);
  const auto line =
      format_text(std::string(R"({"event":{"file":{"kind":7,"path":{}},"process":[]},"signature":
      {"severity":99},"time":"\u001b"})"),
                  plain);
  ASSERT_TRUE(line);
  EXPECT_THAT(*line, HasSubstr("critical"));
  EXPECT_THAT(*line, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace dropwarden::sink
