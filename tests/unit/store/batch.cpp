// SPDX-License-Identifier: Apache-2.0
#include "store/batch.hpp"

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "sample.hpp"

namespace dropwarden::store {
namespace {

TEST(Batch, KeepsTheNewestRecordOfAFindingAndWhenItWasFirstSeen) {
  Batch batch;
  batch.save(finding(1));
  StoredFinding later = finding(1, 2);
  later.seen = at(100);
  batch.save(later);
  ASSERT_EQ(batch.findings().size(), 1U);
  EXPECT_EQ(batch.findings().begin()->second.revision, 2U);
  EXPECT_EQ(batch.findings().begin()->second.seen, at(1));
}

TEST(Batch, HasFindingsInTheOrderInWhichTheyWereSavedLast) {
  Batch batch;
  for (const int i : {1, 2, 3, 4, 5}) batch.save(finding(i));
  batch.save(finding(2, 2));
  Batch later;
  for (const int i : {8, 7, 6, 4}) later.save(finding(i));
  batch.add(std::move(later));
  std::string order;
  for (const auto& [number, saved] : batch.findings()) order += saved.id.back();
  EXPECT_EQ(order, "13528764");
}

TEST(Batch, AddsSightingsUp) {
  Batch batch;
  batch.count("a", {.count = 1, .seen = at(5), .path = "/new"});
  batch.count("a", {.count = 2, .seen = at(3), .path = {}});
  const Batch::Sighting& sighting = batch.sightings().at("a");
  EXPECT_EQ(sighting.count, 3U);
  EXPECT_EQ(sighting.seen, at(5));
  EXPECT_EQ(sighting.path, "/new");
}

TEST(Batch, DropsWhatDoesNotFitAndCountsIt) {
  Batch batch;
  StoredFinding large = finding(1);
  large.record.assign(Batch::max_record_bytes / 2 + 1, 'x');
  batch.save(large);
  batch.save(large);
  EXPECT_EQ(batch.dropped(), 0U) << "the same again takes no more room";
  large.id = finding(2).id;
  batch.save(large);
  EXPECT_EQ(batch.dropped(), 1U);
  EXPECT_EQ(batch.findings().size(), 1U);
  for (std::size_t i = 0; i < Batch::max_entries + 10; ++i) batch.set_told(std::to_string(i), 1);
  EXPECT_EQ(batch.dropped(), 11U);
}

TEST(Batch, TakesWhatWasSavedLaterOverWhatCouldNotBeCommitted) {
  Batch earlier;
  earlier.save(finding(1));
  earlier.save(SyncState{.container = "gone", .mount = "/"});
  earlier.save(SyncState{.container = "c", .mount = "/", .reasons = "overflow"});
  Batch later;
  later.save(finding(1, 2));
  later.remove_sync_states("gone");
  later.save(SyncState{.container = "c", .mount = "/"});
  later.end_cleanly(at(9));
  earlier.add(std::move(later));
  EXPECT_EQ(earlier.findings().begin()->second.revision, 2U);
  ASSERT_EQ(earlier.states().size(), 1U);
  EXPECT_EQ(earlier.states().begin()->second.reasons, "");
  EXPECT_TRUE(earlier.removed_containers().contains("gone"));
  EXPECT_TRUE(earlier.is_clean_end());
  EXPECT_EQ(earlier.alive_at(), at(9));
}

model::SharedMessage message(std::size_t bytes) {
  model::Message message;
  message.body.assign(bytes, 'x');
  return std::make_shared<const model::Message>(std::move(message));
}

TEST(Batch, RefusesAMessageThatDoesNotFitBesideWhatWaitsElsewhere) {
  Batch batch;
  EXPECT_FALSE(batch.save(message(Batch::max_record_bytes + 1)));
  EXPECT_FALSE(batch.save(message(2), Batch::max_record_bytes - 1));
  EXPECT_TRUE(batch.save(message(1), Batch::max_record_bytes - 1));
}

// They may have been said to be told.
TEST(Batch, KeepsEachMessageThatItHasTaken) {
  Batch earlier;
  Batch later;
  for (Batch* const batch : {&earlier, &later}) ASSERT_TRUE(batch->save(message(Batch::max_record_bytes)));
  earlier.add(std::move(later));
  EXPECT_EQ(earlier.messages().size(), 2U);
  EXPECT_EQ(earlier.message_bytes(), 2 * Batch::max_record_bytes);
}

TEST(Batch, IsEmptyUntilSomethingIsSaved) {
  Batch batch;
  EXPECT_TRUE(batch.is_empty());
  batch.keep_alive(at(1));
  EXPECT_FALSE(batch.is_empty());
}

}  // namespace
}  // namespace dropwarden::store
