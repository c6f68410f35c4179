// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/store/store.hpp"

#include "cli/finding_filter.hpp"
#include "invoke.hpp"
#include "support/file.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::cli {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

util::WallTime time_of(const char* text) {
  return util::parse_rfc3339(text).value();
}

store::StoredFinding finding(int number, const std::string& name, const std::string& path) {
  store::StoredFinding made;
  made.id = std::string(31, '0') + std::to_string(number);
  made.container = "0123456789abcdef" + name;
  made.name = name;
  made.image = "docker.io/library/" + name + ":1";
  made.pod = name + "-0";
  made.name_space = "prod";
  made.file_system = "rootfs";
  made.path = path;
  made.path_state = "live";
  made.kind = "elf";
  made.detected_by = "close_write";
  made.seen = time_of("2026-11-27T10:00:00Z") + number * 1s;
  made.record =
      R"({"id":")" + made.id + R"(","time":")" + util::format_rfc3339(made.seen) +
      R"(","signature":{"severity":2},"event":{"container":{"name":")" + name + R"("},"file":{"path":")" +
      path +
      R"(","path_state":"live","kind":"elf","elf":{"type":"pie"}},"process":{"name":"curl","pid":7}}})";
  return made;
}

class Findings : public testing::Test {
 protected:
  std::string path() const { return directory_.path() / "state.db"; }
  void save(const std::vector<store::StoredFinding>& findings) {
    store::Store store({.path = path()}, [](const store::Store::Report&) {});
    for (const auto& each : findings) store.save(each);
  }
  Invocation find(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"findings", "--store", path()});
    return invoke(arguments);
  }

 private:
  test::TemporaryDirectory directory_;
};

TEST_F(Findings, AreFoundByEachOptionAndAllTogether) {
  save({finding(1, "web", "/usr/bin/x"), finding(2, "db", "/tmp/y")});
  const auto web = AllOf(HasSubstr("/usr/bin/x"), Not(HasSubstr("/tmp/y")));
  EXPECT_THAT(find({}).out, AllOf(HasSubstr("/usr/bin/x"), HasSubstr("/tmp/y")));
  EXPECT_THAT(find({"--container", "w*"}).out, web);
  EXPECT_THAT(find({"--container", "0123456789abcdefw"}).out, web);
  EXPECT_THAT(find({"--image", "*/web:*"}).out, web);
  EXPECT_THAT(find({"--pod", "web-?"}).out, web);
  EXPECT_THAT(find({"--pod", "prod/w*"}).out, web);
  EXPECT_THAT(find({"--pod", "web"}).out, IsEmpty()) << "the whole name has to fit";
  EXPECT_THAT(find({"--path", "/usr/*"}).out, web) << "slashes, too";
  EXPECT_THAT(find({"--path", "*x", "--path", "/none"}).out, web) << "either will do";
  EXPECT_THAT(find({"--path", "*x", "--container", "db"}).out, IsEmpty());
  EXPECT_THAT(find({"--severity", "high"}).out, IsEmpty());
  EXPECT_THAT(find({"--kind", "script"}).out, IsEmpty());
  EXPECT_THAT(find({"--limit", "1"}).out, AllOf(HasSubstr("/tmp/y"), Not(HasSubstr("/usr"))));
  EXPECT_THAT(find({"--since", "2026-11-27T10:00:02Z"}).out,
              AllOf(HasSubstr("/tmp/y"), Not(HasSubstr("/usr"))));
  EXPECT_EQ(find({"--kind", "script"}).status, 0) << "to find nothing is no failure";
  const auto refused = find({"--path", "usr/*"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("--path usr/*: matches no path"));
  EXPECT_THAT(find({"--limit", "0"}).err, HasSubstr("--limit: is no number from 1 up"));
}

TEST_F(Findings, ArePrintedForAPersonOrAsTheyWereStored) {
  save({finding(1, "web", "/tmp/a\\\\x1b[2Jb")});
  const auto text = find({});
  EXPECT_THAT(text.out, AllOf(HasSubstr("2026-11-27T10:00:01.000Z"), HasSubstr("medium"), HasSubstr("web"),
                              HasSubstr("elf pie"), HasSubstr("curl[7]"), HasSubstr("/tmp/a\\x1b[2Jb")));
  EXPECT_EQ(find({"--json"}).out, finding(1, "web", "/tmp/a\\\\x1b[2Jb").record + "\n");
}

TEST_F(Findings, WithoutARecordAreListedByTheirRows) {
  auto damaged = finding(1, "web", "/tmp/x");
  damaged.record = "no record";
  save({damaged});
  EXPECT_THAT(find({}).out, AllOf(HasSubstr("web"), HasSubstr("/tmp/x"), HasSubstr("elf")));
}

TEST_F(Findings, CannotSendASequenceToATerminalThroughTheDatabase) {
  auto hostile = finding(1, "web", "/tmp/x");
  hostile.record = "\x1b]0;owned\x07";
  hostile.name = "\x1b[2J";
  hostile.path = "/\x1b[2J\n";
  save({hostile});
  for (const auto& arguments : std::vector<std::vector<std::string>>{{}, {"--json"}, {"show", hostile.id}}) {
    const auto found = find(arguments);
    EXPECT_EQ(found.status, 0) << found.err;
    EXPECT_THAT(found.out, Not(HasSubstr("\x1b")));
  }
}

TEST_F(Findings, AreShownWholeByTheBeginningOfAnId) {
  save({finding(1, "web", "/tmp/x"), finding(2, "db", "/tmp/y")});
  const auto shown = invoke({"findings", "show", "--store", path(), finding(1, "", "").id});
  EXPECT_EQ(shown.status, 0) << shown.err;
  EXPECT_THAT(shown.out, AllOf(HasSubstr("event.container.name"), HasSubstr("event.file.elf.type"),
                               HasSubstr("event.process.pid"), HasSubstr("/tmp/x"), HasSubstr("once")));
  EXPECT_EQ(invoke({"findings", "show", "--store", path(), "--json", finding(1, "", "").id}).out,
            finding(1, "web", "/tmp/x").record + "\n");
  EXPECT_EQ(invoke({"findings", "show", "--store", path(), "0000"}).status, 2) << "both begin so";
  EXPECT_EQ(invoke({"findings", "show", "--store", path(), "1"}).status, 1) << "there is none";
  EXPECT_EQ(invoke({"findings", "show", "--store", path(), "%"}).status, 2);
}

TEST_F(Findings, AreLookedAtAlsoWhileADropInHasAMistake) {
  save({finding(1, "web", "/tmp/x")});
  const std::string file = path() + ".yaml";
  const std::string drop_ins = std::filesystem::path(file).parent_path() / "dropwarden.d";
  std::filesystem::create_directory(drop_ins);
  test::write_file(file, "store: {path: " + path() + "}\n");
  test::write_file(drop_ins + "/1.yaml", "policy: {exceptions: [{pth: /x}]}\n");
  const auto found = invoke({"findings", "--config", file});
  EXPECT_EQ(found.status, 0);
  EXPECT_THAT(found.out, HasSubstr("/tmp/x"));
  EXPECT_THAT(found.err, AllOf(HasSubstr(drop_ins + "/1.yaml:1:23"), HasSubstr("pth"), HasSubstr("without")));
  test::write_file(file, "store: {pth: x}\n");
  EXPECT_EQ(invoke({"findings", "--config", file}).status, 2) << "it may be another database";
}

TEST_F(Findings, AreRefusedWithAReasonWhereThereIsNoDatabase) {
  const auto missing = find({});
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.err, AllOf(HasSubstr(path()), HasSubstr("No such file")));
  EXPECT_EQ(find({"--since", "yesterday"}).status, 2);
  EXPECT_THAT(find({"--kind", "exe"}).err, HasSubstr("there are elf, script"));
  EXPECT_FALSE(std::filesystem::exists(path())) << "to look makes nothing";
}

TEST(FindingFilter, ReadsTimesAsPeopleSayThem) {
  const auto now = time_of("2026-11-27T10:00:00Z");
  EXPECT_EQ(parse_since("90s", now), now - 90s);
  EXPECT_EQ(parse_since("2h", now), now - 2h);
  EXPECT_EQ(parse_since("1w", now), now - 7 * 24h);
  EXPECT_EQ(parse_since("1000000w", now), util::WallTime{});
  EXPECT_EQ(parse_since("2026-11-26", now), time_of("2026-11-26T00:00:00Z"));
  EXPECT_EQ(parse_since("2026-11-27T09:00:00+01:00", now), now - 2h);
  for (const char* text : {"", "h", "-1h", "1.5h", "2x", "yesterday", "2026-13-01", "99999999999999999999d"})
    EXPECT_EQ(parse_since(text, now), std::nullopt) << text;
}

TEST(FindingFilter, KnowsWhatAllThatAPatternFitsBeginsWith) {
  EXPECT_EQ(literal_prefix("/usr/*/x"), "/usr/");
  EXPECT_EQ(literal_prefix("/usr/bin"), "/usr/bin");
  EXPECT_EQ(literal_prefix("/a\\*"), "/a");
  EXPECT_EQ(literal_prefix("*"), "");
}

}  // namespace
}  // namespace dropwarden::cli
