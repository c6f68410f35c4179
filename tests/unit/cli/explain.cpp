// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/cli/cli.hpp"
#include "dropwarden/config/config.hpp"
#include "dropwarden/policy/engine.hpp"
#include "dropwarden/sink/format.hpp"
#include "dropwarden/store/store.hpp"

#include "cli/exception_text.hpp"
#include "support/file.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

model::Finding excepted_finding() {
  model::Finding finding;
  finding.id = "0123456789abcdef0123456789abcdef";
  finding.signature.emplace();
  finding.decision = {.verdict = model::Verdict::excepted,
                      .severity = model::Severity::high,
                      .grounds = {model::Ground::hidden},
                      .rule = "mine",
                      .exception = model::ExceptedBy{"plugins", "They come at the start."},
                      .generation = 3};
  auto& event = finding.event;
  event.container.id = {"c"};
  event.container.name = "web";
  event.container.image = {"docker.io/acme/shop:1.2", "sha256:aa"};
  event.container.pod = model::Pod{"web-1", "prod", "u"};
  event.file.path = "/opt/a*b[1]\\c\x01\"d\xff.so";
  event.file.kind.emplace().elf.emplace().type = model::ElfType::shared;
  event.file.origin = model::Origin::created;
  event.file.sha256 = {std::string(64, 'a'), model::HashStatus::done};
  event.process.exe = "/usr/bin/updater";
  event.process.uid = 33;
  return finding;
}

model::Verdict verdict_of(const config::Config& config, const model::Finding& finding) {
  return policy::Engine(config.policy, 1).decide(finding.event, {}).verdict;
}

TEST(ExceptionText, CoversTheFindingAndNothingElse) {
  const auto finding = excepted_finding();
  const std::string text = exception_for(boost::json::parse(sink::format_native(finding)));
  const auto config = config::parse(text, "printed");
  EXPECT_EQ(verdict_of(config, finding), model::Verdict::excepted) << text;
  const std::vector<std::function<void(model::WriteEvent&)>> changes{
      [](auto& e) { e.container.name = "db"; },
      [](auto& e) { e.container.image.name = "docker.io/acme/shop:1.3"; },
      [](auto& e) { e.container.image.digest = "sha256:bb"; },
      [](auto& e) { e.container.pod->name = "web-2"; },
      [](auto& e) { e.container.pod->name_space = "test"; },
      [](auto& e) { e.file.path = "/opt/a*b[1]\\c-\"d\xff.so"; },
      [](auto& e) { e.file.path = "/opt/aXb1\\c\x01\"d\xff.so"; },
      [](auto& e) { e.file.kind->elf->type = model::ElfType::pie; },
      [](auto& e) { e.file.origin = model::Origin::modified; },
      [](auto& e) { e.file.place = model::Place::volume; },
      [](auto& e) { e.file.sha256.value = std::string(64, 'b'); },
      [](auto& e) { e.process.exe = "/bin/sh"; },
      [](auto& e) { e.process.uid = 0; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    auto other = finding;
    changes[i](other.event);
    EXPECT_EQ(verdict_of(config, other), model::Verdict::shown) << i << '\n' << text;
  }
}

TEST(ExceptionText, LeavesOutWhatIsNotKnown) {
  model::Finding finding;
  finding.id = "1";
  finding.event.file.path = "/x";
  finding.event.file.kind.emplace().format = model::Format::script;
  const auto config =
      config::parse(exception_for(boost::json::parse(sink::format_native(finding))), "printed");
  EXPECT_EQ(verdict_of(config, finding), model::Verdict::excepted);
}

// Who has the daemon's rights may write the database, and what is printed is put into a configuration.
TEST(ExceptionText, IsNoMoreThanValuesWhateverTheRecordSays) {
  const std::string more = "new\n    - name: all\n      path: \"**\"";
  auto record = boost::json::parse(sink::format_native(excepted_finding()));
  record.at("id") = more;
  record.at_pointer("/event/file/origin") = more;
  record.at_pointer("/event/file/mount") = more;
  record.at_pointer("/event/file/sha256/value") = more;
  record.at_pointer("/event/process/uid") = more;
  const std::string text = exception_for(record);
  EXPECT_THAT(text, testing::Not(HasSubstr("all")));
  EXPECT_THAT(text, testing::Not(HasSubstr("\"**\"")));
}

class ExplainTest : public testing::Test {
 protected:
  ExplainTest() {
    test::write_file(config(), "store:\n  path: " + path("state.db") +
                                   "\npolicy:\n  exceptions:\n    - {name: plugins, reason: r, path: /x}\n");
    store::Store store({.path = path("state.db")}, [](const store::Store::Report&) {});
    const auto finding = excepted_finding();
    store::StoredFinding row;
    row.id = finding.id;
    row.record = sink::format_native(finding);
    store.save(std::move(row));
    store.finish();
  }
  std::string path(const std::string& name) const { return directory_.path() / name; }
  std::string config() const { return path("dropwarden.yaml"); }
  int explain(const std::string& id) {
    const std::string file = config();
    const std::vector<const char*> arguments{"dropwarden", "explain", id.c_str(), "--config", file.c_str()};
    return main(static_cast<int>(arguments.size()), arguments.data(), out_, err_);
  }
  test::TemporaryDirectory directory_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ExplainTest, NamesWhatDecidedAndWhereItStands) {
  EXPECT_EQ(explain("01234567"), 0) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("excepted by \"plugins\", at " + config() + ":5:7\n"),
                                HasSubstr("reason     They come at the start.\n"),
                                HasSubstr("severity   high, rule \"mine\", which is no longer configured\n"),
                                HasSubstr("grounds    hidden\n"), HasSubstr("      sha256: \"aaaa")));
}

TEST_F(ExplainTest, SaysWhatItDoesNotKnow) {
  EXPECT_EQ(explain("ff"), 1);
  EXPECT_THAT(err_.str(), HasSubstr("there is no finding ff"));
  test::write_file(config(), "store:\n  path: none\n");
  EXPECT_EQ(explain("01"), 1);
  EXPECT_THAT(err_.str(), HasSubstr("store.path is none"));
  test::write_file(config(), "store:\n  path: " + path("missing.db") + "\n");
  EXPECT_EQ(explain("01"), 1);
  EXPECT_THAT(err_.str(), HasSubstr(path("missing.db")));
}

}  // namespace
}  // namespace dropwarden::cli
