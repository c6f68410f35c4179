// SPDX-License-Identifier: Apache-2.0
// `policy` of the configuration, and drop-ins.
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/config/config.hpp"

#include "policy_reader.hpp"
#include "support/man_page.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::string error_of(const std::string& yaml) {
  try {
    parse(yaml, "a.yaml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

std::string exception_with(const std::string& line) {
  return "policy:\n  exceptions:\n    - name: a\n      reason: r\n      " + line + "\n";
}

TEST(Policy, ReadsEveryCondition) {
  const auto config = parse(exception_with(R"(image: [nginx, "docker.io/**"]
      image_tag: "1.*"
      image_digest: sha256:aa
      container: web
      pod: web-*
      namespace: prod
      labels: {app: shop}
      path: ["/opt/**"]
      writer: /usr/bin/x
      ancestor: /sbin/tini
      writer_of_image: true
      program_of_image: [/usr/bin/dpkg, /sbin/apk]
      user: [0, 33]
      kind: [scripts, shared_objects]
      origin: new
      place: [rootfs, volume]
      sha256: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
      started_within: 30s
      expires: 2027-01-31)"),
                            "a.yaml");
  ASSERT_THAT(config.policy.exceptions, SizeIs(1));
  const policy::Exception& exception = config.policy.exceptions[0];
  const policy::Conditions& when = exception.when;
  EXPECT_THAT(when.image, ElementsAre("nginx", "docker.io/**"));
  EXPECT_THAT(when.labels, ElementsAre(testing::Pair("app", "shop")));
  EXPECT_THAT(when.user, ElementsAre(0, 33));
  EXPECT_THAT(when.kind, ElementsAre(&policy::Kinds::scripts, &policy::Kinds::shared_objects));
  EXPECT_THAT(when.origin, ElementsAre(model::Origin::created));
  EXPECT_THAT(when.place, ElementsAre(model::Place::rootfs, model::Place::volume));
  EXPECT_THAT(when.sha256, ElementsAre(std::string(64, 'a')));
  EXPECT_EQ(when.started_within, std::chrono::seconds{30});
  EXPECT_EQ(when.is_writer_of_image, true);
  EXPECT_THAT(when.program_of_image, ElementsAre("/usr/bin/dpkg", "/sbin/apk"));
  EXPECT_EQ(exception.expires, util::parse_rfc3339("2027-01-31T00:00:00Z"));
  EXPECT_EQ(exception.written.at, "a.yaml:3:7");
  EXPECT_THAT(exception.written.excerpt, HasSubstr("- name: a"));
}

TEST(Policy, ReadsRules) {
  const auto config = parse(
      "policy:\n  rules:\n    - {name: a, path: /x, severity: high, tags: [t, u]}\n    - {name: b, tags: "
      "v}\n",
      "a");
  ASSERT_THAT(config.policy.rules, SizeIs(2));
  EXPECT_EQ(config.policy.rules[0].severity, model::Severity::high);
  EXPECT_THAT(config.policy.rules[0].tags, ElementsAre("t", "u"));
  EXPECT_THAT(config.policy.rules[1].tags, ElementsAre("v"));
}

TEST(Policy, NamesEachMistakeWithItsLine) {
  const auto expect = [](const std::string& line, const std::string& text) {
    EXPECT_THAT(error_of(exception_with(line)), AllOf(HasSubstr("a.yaml:"), HasSubstr(text))) << line;
  };
  expect("imgae: x", "unknown key \"imgae\" in policy.exceptions, did you mean image?");
  expect("path: opt", "policy.exceptions.path: \"opt\": no path begins like this");
  expect("path: '/a[b'", "a bracket is not closed");
  expect("path: []", "has no values");
  expect("kind: elf", "\"elf\" is not known");
  expect("user: root", "\"root\" is no user ID");
  expect("sha256: abc", "is no SHA-256");
  expect("expires: tomorrow", "\"tomorrow\" is no date");
  expect("started_within: 5", "\"5\" is not a time");
  expect("program_of_image: dpkg", "\"dpkg\" is no path of a program");
  expect("program_of_image: /usr//bin/dpkg", "is no path that the kernel would give");
  expect("program_of_image: /usr/bin/*", "globs are not asked for here");
  expect("severity: low", "unknown key \"severity\"");
  expect("labels: x", "is not a mapping");
  EXPECT_THAT(error_of("policy:\n  exceptions:\n    - name: a\n      path: /x\n"),
              HasSubstr("policy.exceptions.reason is missing"));
  EXPECT_THAT(error_of("policy:\n  exceptions:\n    - {name: a, reason: r}\n"),
              HasSubstr("has no condition"));
  EXPECT_THAT(error_of("policy:\n  rules:\n    - {name: a, path: /x}\n"), HasSubstr("sets nothing"));
  EXPECT_THAT(error_of("policy:\n  rules:\n    - {name: a, tags: x}\n    - {name: a, tags: x}\n"),
              HasSubstr("a.yaml:4:7: there is another rule \"a\""));
  EXPECT_THAT(error_of("policy:\n  rules: x\n"), HasSubstr("policy.rules is not a list"));
  EXPECT_THAT(error_of("policy:\n  rules:\n    - {name: shipped-x, tags: x}\n"), HasSubstr("built in"));
}

class DropIns : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((directory_.path() / name).parent_path());
    std::ofstream(directory_.path() / name) << text;
  }
  std::filesystem::path main() const { return directory_.path() / "dropwarden.yaml"; }
  test::TemporaryDirectory directory_;
};

TEST_F(DropIns, AddTheirExceptionsAndRulesInTheOrderOfTheirNames) {
  write("dropwarden.yaml", "policy:\n  rules: [{name: main, tags: x}]\n");
  write("dropwarden.d/20-b.yaml", "policy:\n  rules: [{name: b, tags: x}]\n");
  write("dropwarden.d/10-a.yaml", "policy:\n  rules: [{name: a, tags: x}]\nclassify:\n  scripts: false\n");
  write("dropwarden.d/.hidden.yaml", "{");
  write("dropwarden.d/README", "{");
  const auto config = load(main());
  ASSERT_THAT(config.policy.rules, SizeIs(3));
  EXPECT_EQ(config.policy.rules[0].name, "main");
  EXPECT_EQ(config.policy.rules[1].name, "a");
  EXPECT_EQ(config.policy.rules[2].name, "b");
  EXPECT_FALSE(config.classify.scripts);
}

TEST_F(DropIns, NeedNoFileBesideThem) {
  write("dropwarden.d/a.yaml", "classify:\n  scripts: false\n");
  EXPECT_THROW(load(main()), ConfigError);
  EXPECT_FALSE(load(-1, main(), {{"a.yaml", "classify:\n  scripts: false\n"}}).classify.scripts);
}

TEST_F(DropIns, AreNamedInErrorsAllAtOnce) {
  write("dropwarden.yaml", "classify: 1\n");
  write("dropwarden.d/a.yaml", "policy:\n  rules: 1\n");
  try {
    load(main());
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("dropwarden.yaml:1:11: "), HasSubstr("dropwarden.d/a.yaml:2:10: ")));
  }
}

TEST(Policy, TakesTenThousandExceptions) {
  std::string yaml = "policy:\n  exceptions:\n";
  for (int i = 0; i < 10'000; ++i)
    yaml += "    - {name: n" + std::to_string(i) + ", reason: r, path: /opt/" + std::to_string(i) + "/**}\n";
  EXPECT_THAT(parse(yaml, "a").policy.exceptions, SizeIs(10'000));
}

// dropwarden-policy(5) has an item for each key, with what is allowed.
TEST(ManPage, HasEveryKeyOfAPolicyAndNoOther) {
  const test::ManPage page("dropwarden-policy.5");
  std::map<std::string, std::string> in_page;
  for (const test::ManItem& item : page.section("KEYS").items) {
    std::string allowed;
    for (const test::ManItem& part : item.items) {
      if (part.head == "allowed") allowed = part.text;
    }
    in_page[item.marked("Cm")] = allowed;
  }
  std::map<std::string, std::string> expected;
  for (const PolicyKey& key : policy_keys()) expected[key.name] = key.allowed;
  EXPECT_EQ(in_page, expected);
}

TEST(ManPage, HasAPolicyThatIsRight) {
  const test::ManPage page("dropwarden-policy.5");
  std::string text;
  for (const std::string& line : page.section("EXAMPLES").literal) text += line + "\n";
  EXPECT_THAT(parse(text, "man/dropwarden-policy.5").policy.exceptions, SizeIs(testing::Ge(2U)));
}

}  // namespace
}  // namespace dropwarden::config
