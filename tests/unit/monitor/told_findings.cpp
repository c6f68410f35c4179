// SPDX-License-Identifier: Apache-2.0
#include "monitor/told_findings.hpp"

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

model::Finding finding(const std::string& id) {
  model::Finding finding;
  finding.id = id;
  return finding;
}

TEST(ToldFindings, ForgetTheOneThatWasUsedLeastRecently) {
  ToldFindings told(2);
  told.add(finding("a"), "rootfs");
  told.add(finding("b"), "rootfs");
  EXPECT_NE(told.find("a"), nullptr);
  told.add(finding("c"), "rootfs");
  EXPECT_EQ(told.find("b"), nullptr);
  EXPECT_NE(told.find("a"), nullptr);
  EXPECT_NE(told.find("c"), nullptr);
}

model::FileFacts named(const std::string& path, std::chrono::seconds named_at, std::chrono::seconds changed) {
  model::FileFacts file;
  file.path = path;
  file.links = 1;
  file.named_at = std::chrono::steady_clock::time_point{named_at};
  file.changed = util::WallTime{changed};
  return file;
}

class ToldName : public testing::Test {
 protected:
  ToldFindings::Told& told(const model::FileFacts& file) {
    model::Finding told = finding("a");
    told.event.file = file;
    findings_.add(told, "rootfs");
    return *findings_.find("a");
  }

 private:
  ToldFindings findings_{1};
};

TEST_F(ToldName, IsNotTakenBackByASensorThatHadReadItBeforeTheRename) {
  // The rest of its facts was read after it, so that the ctime is that of the rename, or later still.
  const auto& told = this->told(named("/file", 10s, 100s));
  for (const auto changed : {100s, 101s}) {
    EXPECT_FALSE(told.is_news(named("/file.part", 9s, changed)));
    EXPECT_TRUE(told.has_left(named("/file.part", 9s, changed)));
  }
  EXPECT_TRUE(told.is_news(named("/other", 11s, 100s)));
  EXPECT_FALSE(told.has_left(named("/other", 11s, 100s)));
}

TEST_F(ToldName, HoldsFromWhenItWasSeenLast) {
  auto& told = this->told(named("/file", 10s, 100s));
  told.confirm(named("/file", 20s, 100s));
  EXPECT_FALSE(told.is_news(named("/file.part", 15s, 100s)));
  told.confirm(named("/file.part", 30s, 100s));
  EXPECT_TRUE(told.is_news(named("/new", 25s, 100s)));
}

TEST_F(ToldName, IsOneOfSeveralInAnyOrder) {
  const auto& told = this->told(named("/one", 10s, 100s));
  auto other = named("/two", 9s, 100s);
  other.links = 2;
  EXPECT_TRUE(told.is_news(other));
  EXPECT_FALSE(told.has_left(other));
}

}  // namespace
}  // namespace dropwarden::monitor
