// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/report/page.hpp"

namespace dropwarden::cli::report {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const util::WallTime noon = util::parse_rfc3339("2026-11-27T12:00:00Z").value();
const std::string attack = "\"'><script>document.title='owned'</script><img src=x onerror=alert(1)>&amp;";

store::FoundFinding finding(int number, const std::string& name, const std::string& path) {
  store::FoundFinding made;
  made.id = std::string(31, '0') + std::to_string(number);
  made.time = noon + number * 1min;
  made.workload = {
      .container = "id-" + name, .name = name, .image = name + ":1", .pod = {}, .name_space = {}};
  made.kind = "elf";
  made.severity = static_cast<unsigned>(number % 5);
  made.path = path;
  return made;
}

Contents sample() {
  return {.database = "/var/lib/dropwarden/state.db",
          .made = noon,
          .findings = {finding(1, "web", "/usr/bin/x"), finding(2, "db", "/tmp/y"),
                       finding(3, attack, "/" + attack)},
          .left_out = 7};
}

TEST(ReportPage, HasATimelineContainersImagesFilesAndFindings) {
  const std::string page = make_page(sample());
  EXPECT_THAT(page, AllOf(HasSubstr("Timeline"), HasSubstr("id=\"containers\""), HasSubstr("id=\"images\""),
                          HasSubstr("id=\"files\""), HasSubstr("id=\"findings\"")));
  EXPECT_THAT(page, AllOf(HasSubstr("web:1"), HasSubstr("/usr/bin/x"), HasSubstr("2026-11-27T12:01:00Z"),
                          HasSubstr("7 older ones are left out"), HasSubstr("3 findings")));
  EXPECT_THAT(make_page({.database = "x", .made = noon, .findings = {}}), HasSubstr("0 findings"));
  EXPECT_THAT(make_page({.database = "x", .made = noon, .findings = {finding(1, "web", "/x")}}),
              HasSubstr("at most 1 in 1 s"));
}

TEST(ReportPage, SaysWhatWasNotShown) {
  Contents contents = sample();
  contents.findings[0].decision = "excepted";
  contents.findings[1].decision = "held_back";
  EXPECT_THAT(make_page(contents),
              AllOf(HasSubstr("/usr/bin/x (excepted)<"), HasSubstr("/tmp/y (held back)<")));
}

TEST(ReportPage, HasNoMarkupThatANameBroughtIn) {
  const std::string page = make_page(sample());
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("<script>document")));
  EXPECT_THAT(page, Not(HasSubstr(attack)));
  EXPECT_THAT(page, HasSubstr(escape_html(attack)));
}

TEST(ReportPage, NamesNothingOutsideItself) {
  const std::string page = make_page({.database = "x", .made = noon, .findings = {finding(1, "web", "/x")}});
  for (const char* word :
       {"http://", "https://", "src=", "href=", "url(", "@import", "style=\"", " onclick", "javascript:"})
    EXPECT_THAT(page, Not(HasSubstr(word)));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, Not(HasSubstr("unsafe-")));
}

TEST(ReportPage, EscapesWhatStandsForMarkup) {
  EXPECT_EQ(escape_html("<a b=\"c\">'&"), "&lt;a b=&quot;c&quot;&gt;&#39;&amp;");
}

}  // namespace
}  // namespace dropwarden::cli::report
