// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/attribute/finding_id.hpp"

#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::attribute {
namespace {

model::Finding drop() {
  model::Finding finding;
  finding.event.container.id = {"c0ffee"};
  finding.event.file.inode = 42;
  finding.event.file.changed = util::WallTime{std::chrono::nanoseconds{1'700'000'000'123'456'789}};
  finding.event.file.size = 4096;
  finding.event.header = {std::byte{0x7f}, std::byte{'E'}, std::byte{'L'}, std::byte{'F'}};
  return finding;
}

// Kept for ever: a restart with a newer dropwarden must not report everything anew.
TEST(FindingId, IsTheSameInEveryVersion) {
  EXPECT_EQ(finding_id(drop(), "/upper"), "f4d7e10d79145430335b0dfe8d963e61");
}

TEST(FindingId, DiffersWhenAnyPartOfTheIdentityDiffers) {
  std::vector<model::Finding> others(6, drop());
  others[1].event.container.id = {"c0ffef"};
  others[2].event.file.inode = 43;
  others[3].event.file.changed += std::chrono::nanoseconds{1};
  others[4].event.file.size = 4097;
  others[5].event.header.back() = std::byte{'G'};
  std::set<std::string> ids{finding_id(drop(), "/other")};
  for (const auto& other : others) ids.insert(finding_id(other, "/upper"));
  EXPECT_EQ(ids.size(), others.size() + 1);
}

TEST(FindingId, IsNotMovedByWhatIsLearnedLater) {
  auto later = drop();
  later.revision = 3;
  later.is_final = true;
  later.event.detected_by = model::Sensor::scan;
  later.event.time += std::chrono::hours{1};
  later.event.container.name = "web";
  later.event.container.metadata = model::Metadata::complete;
  later.event.file.path = "/usr/bin/x";
  later.event.file.sha256 = {std::string(64, 'a'), model::HashStatus::done};
  later.event.process.name = "cat";
  EXPECT_EQ(finding_id(later, "/upper"), finding_id(drop(), "/upper"));
}

TEST(FindingId, TakesNoMoreOfTheHeaderThanEverySensorReads) {
  auto brief = drop();
  brief.event.header.resize(32);
  auto longer = brief;
  longer.event.header.push_back(std::byte{1});
  EXPECT_EQ(finding_id(brief, "/upper"), finding_id(longer, "/upper"));
}

// Kept for ever, too.
TEST(FindingId, OfOtherContentIsItsOwnAndTheSameInEveryVersion) {
  const Digest id = parse_id(finding_id(drop(), "/upper"));
  Digest content{};
  const std::string zeros = other_content_id(id, content);
  EXPECT_EQ(zeros, "f70c7a42ea35621b6f81d39e5838e577");
  content.back() = std::byte{1};
  EXPECT_EQ((std::set{finding_id(drop(), "/upper"), zeros, other_content_id(id, content)}).size(), 3U);
}

TEST(FindingId, KeepsNeighbouringTextsApart) {
  auto left = drop();
  auto right = drop();
  left.event.container.id = {"ab"};
  right.event.container.id = {"a"};
  EXPECT_NE(finding_id(left, "c"), finding_id(right, "bc"));
}

}  // namespace
}  // namespace dropwarden::attribute
