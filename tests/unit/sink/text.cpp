// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sink/format.hpp"

#include "sample.hpp"

namespace dropwarden::sink {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Text, IsOneAlignedLine) {
  auto finding = sample_finding();
  finding.revision = 1;
  finding.event.file.sha256 = {};
  EXPECT_EQ(format_text(finding, false),
            "2026-11-23T04:00:00.123Z  medium  prod/web-1/web            elf pie x86_64        /tmp/x  by "
            "curl[4711]");
  const auto column = format_text(finding, false).find("/tmp/x");
  finding.event.container.pod.reset();
  finding.event.file.kind = {
      .format = model::Format::script, .elf = {}, .script = model::ScriptFacts{"/bin/sh", "-e"}};
  EXPECT_EQ(format_text(finding, false).find("/tmp/x"), column);
}

TEST(Text, TellsWhatALaterRevisionLearned) {
  auto finding = sample_finding();
  finding.event.file.path_state = model::PathState::deleted;
  finding.event.file.origin = model::Origin::modified;
  EXPECT_THAT(format_text(finding, false),
              HasSubstr("by curl[4711]  deleted  modified  sha256:" + std::string(64, 'd') + "  revision 2"));
}

TEST(Text, SaysWhatItDoesNotKnow) {
  const auto line = format_text({}, false);
  EXPECT_THAT(line, HasSubstr("info  ?   "));
  EXPECT_THAT(line, HasSubstr("  ?  by ?"));
}

TEST(Text, ColorsAddSequencesAndNothingElse) {
  const auto finding = sample_finding();
  std::string colored = format_text(finding, true);
  EXPECT_THAT(format_text(finding, false), Not(HasSubstr("\x1b")));
  for (auto at = colored.find('\x1b'); at != std::string::npos; at = colored.find('\x1b')) {
    colored.erase(at, colored.find('m', at) + 1 - at);
  }
  EXPECT_EQ(colored, format_text(finding, false));
}

TEST(Text, LetsNoNamePassForTheWordsAroundIt) {
  auto finding = sample_finding();
  finding.event.file.path = "/tmp/x  by sshd[1]";
  finding.event.process.name = "a\" b";
  finding.event.container.name = "\x1b[2Jweb\n";
  const auto line = format_text(finding, false);
  EXPECT_THAT(line, HasSubstr("  \"/tmp/x  by sshd[1]\"  by \"a\\\" b\"[4711]"));
  EXPECT_THAT(line, HasSubstr("\"prod/web-1/\\x1b[2Jweb\\n\""));
  EXPECT_EQ(line.find_first_of("\x1b\n"), std::string::npos);
}

TEST(Text, IsBounded) {
  auto finding = sample_finding();
  const std::string huge(1U << 20U, '\xff');
  finding.event.container.name = finding.event.file.path = finding.event.process.name =
      finding.event.file.kind->elf->machine = huge;
  EXPECT_LT(format_text(finding, true).size(), 20000U);
}

}  // namespace
}  // namespace dropwarden::sink
