// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/lint.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const util::WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 27}};

std::vector<std::string> texts(const Policy& policy) {
  std::vector<std::string> found;
  for (const Lint& lint : policy::lint(policy, now)) found.push_back(lint.text);
  return found;
}

Exception exception(const std::string& name, Conditions when) {
  return {.name = name, .reason = "r", .when = std::move(when), .written = {"a.yaml:3:5", ""}};
}

TEST(Lint, IsSilentOfWhatIsNarrow) {
  EXPECT_THAT(
      texts({.exceptions = {exception("a", {.path = {"/opt/**"}}), exception("b", {.path = {"/srv/*"}}),
                            exception("c", {.image = {"x"}, .writer = {"/usr/bin/y"}}),
                            exception("d", {.image = {"x"}, .path = {"/tmp/**"}}),
                            exception("e", {.path = {"/tmp/x-*"}})}}),
      IsEmpty());
}

TEST(Lint, NamesAnExceptionThatHasExpired) {
  auto old = exception("a", {.path = {"/opt/x"}});
  old.expires = now;
  EXPECT_THAT(texts({.exceptions = {old}}), ElementsAre(HasSubstr("expired on 2026-11-27")));
}

TEST(Lint, NamesWhatIsVeryBroad) {
  for (const Conditions& when :
       {Conditions{.kind = {&Kinds::scripts}}, Conditions{.path = {"/**"}}, Conditions{.user = {0}},
        Conditions{.image = {"x"}, .writer = {"/bin/sh"}}, Conditions{.writer = {"/usr/bin/python3*"}},
        Conditions{.path = {"/tmp/**"}}, Conditions{.path = {"/opt/x", "/dev/shm/*"}, .user = {0}},
        Conditions{.path = {"/*/**"}}, Conditions{.container = {"*"}}, Conditions{.pod = {"**"}}})
    EXPECT_THAT(texts({.exceptions = {exception("a", when)}}), ElementsAre(HasSubstr("very broad")));
}

TEST(Lint, NamesWhatIsNeverReached) {
  EXPECT_THAT(texts({.exceptions = {exception("a", {.path = {"/opt/**"}}),
                                    exception("b", {.image = {"x"}, .path = {"/opt/y/*", "/opt/z"}})}}),
              ElementsAre(HasSubstr("\"b\" is never reached: \"a\" at a.yaml:3:5")));
  Policy rules;
  rules.rules = {{.name = "all", .severity = model::Severity::low},
                 {.name = "never", .when = {.path = {"/x"}}, .severity = model::Severity::low}};
  EXPECT_THAT(texts(rules), ElementsAre(HasSubstr("rule \"never\" is never reached")));
}

TEST(Lint, LeavesWhatIsOnlyPartlyCovered) {
  EXPECT_THAT(texts({.exceptions = {exception("a", {.path = {"/opt/**"}, .user = {0}}),
                                    exception("b", {.path = {"/opt/y"}}),
                                    exception("c", {.path = {"/opt/*", "/srv/*"}})}}),
              IsEmpty());
}

}  // namespace
}  // namespace dropwarden::policy
