// SPDX-License-Identifier: Apache-2.0
#include "monitor/sync_states.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;
using Outcome = SyncStates::Outcome;
using Clock = SyncStates::Clock;

constexpr util::WallTime everything{};

class Sync : public testing::Test {
 protected:
  util::WallTime wall(std::chrono::nanoseconds after) const { return util::WallTime{1000h} + after; }
  static Clock::time_point at(Clock::duration after) { return Clock::time_point{1000h} + after; }
  void add(const std::string& mount, const std::string& container = "c") {
    states_.add(mount, {container}, wall(0s), at(0s));
  }
  std::vector<DesyncReason> reasons(const std::string& mount) const { return states_.state(mount)->reasons; }
  SyncStates::Ticket begin(const std::string& mount, std::chrono::seconds when) {
    return states_.begin(mount, at(when), wall(when));
  }
  bool scan(const std::string& mount, Outcome outcome, std::chrono::seconds when) {
    return states_.finish(begin(mount, when), outcome, wall(when), at(when));
  }

  SyncStates states_{{.interval = 60s,
                      .whole_interval = 1h,
                      .first_retry = 5s,
                      .longest_retry = 40s,
                      .margin = 2s,
                      .writeback = 0s}};
};

TEST_F(Sync, AMountThatWasWatchedInTimeIsSyncedAndSweptAfterAnInterval) {
  add("a");
  EXPECT_TRUE(states_.state("a")->is_synced());
  EXPECT_EQ(states_.next(at(59s)), std::nullopt);
  EXPECT_EQ(states_.next_due(), at(60s));
  EXPECT_EQ(states_.next(at(60s)), "a");
  EXPECT_EQ(begin("a", 60s).changed_since, wall(-2s));
  EXPECT_FALSE(scan("a", Outcome::complete, 70s)) << "it was synced before";
  EXPECT_EQ(states_.next_due(), at(130s));
  EXPECT_EQ(states_.state("a")->scan, wall(70s));
  EXPECT_EQ(begin("a", 130s).changed_since, wall(68s));
}

TEST_F(Sync, ASweepReadsOnceMoreWhatMayHaveBeenStoredToUntilItWasWrittenBack) {
  SyncStates states({.margin = 2s, .writeback = 40s});
  states.add("a", {"c"}, wall(0s), at(0s));
  EXPECT_EQ(states.begin("a", at(60s), wall(60s)).changed_since, wall(-42s));
}

TEST_F(Sync, ADesyncedMountIsScannedAtOnceAndThenSynced) {
  add("a");
  add("b");
  EXPECT_TRUE(states_.desync("b", DesyncReason::lease, wall(3s)));
  EXPECT_FALSE(states_.desync("b", DesyncReason::lease, wall(4s))) << "no news";
  EXPECT_TRUE(states_.desync("b", DesyncReason::open_failed, wall(5s)));
  EXPECT_THAT(reasons("b"), ElementsAre(DesyncReason::lease, DesyncReason::open_failed));
  EXPECT_EQ(states_.state("b")->since, wall(3s));
  EXPECT_EQ(states_.next(at(5s)), "b");
  EXPECT_EQ(states_.desynced(), 1U);
  EXPECT_TRUE(scan("b", Outcome::complete, 6s));
  EXPECT_THAT(reasons("b"), IsEmpty());
  EXPECT_EQ(states_.state("b")->since, everything);
  EXPECT_EQ(states_.next(at(10s)), std::nullopt);
}

TEST_F(Sync, WhoIsDesyncedForLongestIsFirstAndAllBeforeASweep) {
  for (const char* name : {"a", "b", "c"}) add(name);
  states_.desync("c", DesyncReason::lease, wall(1s));
  states_.desync("b", DesyncReason::lease, wall(2s));
  EXPECT_EQ(states_.next(at(100s)), "c");
  scan("c", Outcome::complete, 100s);
  EXPECT_EQ(states_.next(at(100s)), "b");
  scan("b", Outcome::complete, 100s);
  EXPECT_EQ(states_.next(at(100s)), "a");
}

TEST_F(Sync, AContainerWithManyMountsLeavesEachOtherOneItsTurn) {
  for (int i = 0; i < 100; ++i) add("many" + std::to_string(i), "many");
  add("z", "other");
  add("zz", "");
  const auto scan_next = [&](std::chrono::seconds when) {
    const std::string next = *states_.next(at(when));
    EXPECT_FALSE(scan(next, Outcome::complete, when));
    return next;
  };
  EXPECT_THAT(scan_next(60s), StartsWith("many"));
  EXPECT_EQ(scan_next(61s), "z");
  EXPECT_EQ(scan_next(61s), "zz");
  EXPECT_THAT(scan_next(62s), StartsWith("many"));
  // Also where they are all desynced, and first.
  for (int i = 0; i < 100; ++i) states_.desync("many" + std::to_string(i), DesyncReason::lease, wall(70s));
  states_.desync("z", DesyncReason::lease, wall(71s));
  EXPECT_EQ(*states_.next(at(71s)), "z");
  scan("z", Outcome::cut, 71s);
  EXPECT_THAT(*states_.next(at(71s)), StartsWith("many"));
}

// Each of them takes a moment, and the layer behind them must not wait for that of another each time.
TEST_F(Sync, AContainerHasItsSmallMountsScannedForTheTimeOfAnothersLargeLayer) {
  for (const char* name : {"a hosts", "a names", "a root"}) add(name, "small");
  add("layer", "large");
  states_.desync_all(DesyncReason::queue_overflow, wall(1s));
  const auto scan_for = [&](const std::string& mount, std::chrono::seconds when,
                            std::chrono::seconds length) {
    EXPECT_EQ(*states_.next(at(when)), mount);
    const auto ticket = begin(mount, when);
    states_.desync_all(DesyncReason::queue_overflow, wall(when));
    states_.finish(ticket, Outcome::complete, wall(when), at(when + length));
  };
  scan_for("a hosts", 2s, 1s);
  scan_for("layer", 3s, 90s);
  scan_for("a names", 93s, 1s);
  scan_for("a root", 94s, 10s);
  scan_for("a hosts", 104s, 1s);
}

TEST_F(Sync, AScanThatIsPutOffTakesTimeAsWell) {
  add("a", "one");
  add("b", "other");
  auto ticket = begin("a", 60s);
  states_.finish(ticket, Outcome::stopped, {}, at(70s));
  SyncStates::resume(ticket, at(80s));
  states_.finish(ticket, Outcome::stopped, {}, at(81s));
  states_.desync("a", DesyncReason::lease, wall(81s));
  states_.desync("b", DesyncReason::lease, wall(82s));
  EXPECT_EQ(*states_.next(at(83s)), "b");
}

// Else who makes containers without end puts off the repairs of the others.
TEST_F(Sync, AContainerThatIsNewComesBehindThoseThatWait) {
  add("a", "one");
  add("b", "other");
  scan("a", Outcome::complete, 1s);
  add("c", "new");
  states_.desync("a", DesyncReason::lease, wall(2s));
  states_.desync("b", DesyncReason::lease, wall(3s));
  states_.desync("c", DesyncReason::lease, wall(4s));
  for (const char* next : {"b", "a", "c"}) {
    EXPECT_EQ(states_.next(at(5s)), next);
    EXPECT_TRUE(scan(next, Outcome::complete, 5s));
  }
}

// As each look at what there is does, at any time.
TEST_F(Sync, WhoIsToldOfAsBeforeIsNotPutBehindOthers) {
  add("waits", "of one");
  add("other", "other");
  scan("other", Outcome::complete, 0s);
  for (int i = 0; i < 8192; ++i) add(std::to_string(i), "many " + std::to_string(i));
  states_.desync("waits", DesyncReason::lease, wall(1s));
  states_.desync_all(DesyncReason::lease, wall(2s));
  states_.set_containers("waits", {"of one"});
  EXPECT_EQ(*states_.next(at(5s)), "waits");
}

TEST_F(Sync, RemembersNoSharesWithoutEnd) {
  for (int i = 0; i < 20'000; ++i) {
    add("m", std::to_string(i));
    scan("m", Outcome::complete, 0s);
  }
  EXPECT_LE(states_.sharers(), 8192U);
  for (int i = 0; i < 20'000; ++i) add("m", "without a share " + std::to_string(i));
  EXPECT_LE(states_.sharers(), 8192U);
}

TEST_F(Sync, WhatComesUpDuringAScanIsNotRepairedByIt) {
  add("a");
  states_.desync("a", DesyncReason::queue_overflow, wall(1s));
  states_.desync("a", DesyncReason::lease, wall(1s));
  const auto ticket = begin("a", 2s);
  states_.desync("a", DesyncReason::queue_overflow, wall(3s));
  EXPECT_FALSE(states_.finish(ticket, Outcome::complete, wall(2s), at(4s)));
  EXPECT_THAT(reasons("a"), ElementsAre(DesyncReason::queue_overflow));
  EXPECT_EQ(states_.next(at(4s)), "a");
  EXPECT_EQ(begin("a", 4s).changed_since, wall(0s)) << "since the beginning of that scan";
  EXPECT_TRUE(scan("a", Outcome::complete, 5s));
}

TEST_F(Sync, AScanThatIsCutLeavesItDesyncedWithAllItsReasonsAndIsTriedAgainLater) {
  add("a");
  states_.desync("a", DesyncReason::lease, wall(1s));
  EXPECT_FALSE(scan("a", Outcome::cut, 10s));
  EXPECT_THAT(reasons("a"), ElementsAre(DesyncReason::lease, DesyncReason::scan_cut));
  EXPECT_EQ(states_.state("a")->scan, std::nullopt);
  EXPECT_EQ(states_.next(at(14s)), std::nullopt);
  EXPECT_EQ(states_.next(at(15s)), "a");
  EXPECT_EQ(begin("a", 15s).changed_since, wall(-2s)) << "as if there had been no scan";
  for (int i = 0; i < 100; ++i) scan("a", Outcome::cut, 20s);
  EXPECT_EQ(states_.next_due(), at(60s)) << "40 s at most";
  EXPECT_TRUE(scan("a", Outcome::complete, 60s));
  EXPECT_THAT(reasons("a"), IsEmpty());
}

TEST_F(Sync, ASweepThatIsCutDesyncs) {
  add("a");
  scan("a", Outcome::cut, 60s);
  EXPECT_THAT(reasons("a"), ElementsAre(DesyncReason::scan_cut));
}

TEST_F(Sync, AScanThatIsPutOffChangesNothing) {
  add("a");
  states_.desync("a", DesyncReason::lease, wall(1s));
  EXPECT_FALSE(scan("a", Outcome::stopped, 2s));
  EXPECT_THAT(reasons("a"), ElementsAre(DesyncReason::lease));
  EXPECT_EQ(states_.next(at(2s)), "a");
}

TEST_F(Sync, OfWhatNothingIsKnownEverythingIsRead) {
  states_.add("a", {"c"}, everything, at(0s));
  states_.desync("a", DesyncReason::first_start, wall(0s));
  EXPECT_EQ(begin("a", 0s).changed_since, everything);
  scan("a", Outcome::complete, 0s);
  EXPECT_NE(begin("a", 60s).changed_since, everything);
  EXPECT_EQ(begin("a", 2h).changed_since, everything) << "now and then all the same";
}

TEST_F(Sync, AContainerDesyncsWithAllItsMountsAndNoOther) {
  add("a", "one");
  add("b", "one");
  add("c", "two");
  add("d", "");
  states_.set_containers("d", {"one", "four"});
  EXPECT_TRUE(states_.desync_container("one", DesyncReason::lease, wall(0s)));
  EXPECT_FALSE(states_.desync_container("three", DesyncReason::lease, wall(0s)));
  EXPECT_EQ(states_.desynced(), 3U);
  EXPECT_TRUE(states_.state("c")->is_synced());
  EXPECT_TRUE(states_.desync_all(DesyncReason::queue_overflow, wall(0s)));
  EXPECT_EQ(states_.desynced(), 4U);
}

TEST_F(Sync, AStepOfTheClockMakesScansWhole) {
  add("a");
  states_.desync_all(DesyncReason::clock_step, wall(-5h));
  states_.forget_times(5h, at(0s));
  EXPECT_EQ(begin("a", 1s).changed_since, everything);
}

TEST_F(Sync, AScanFromBeforeAStepOfTheClockTellsNothingOfTheTimeAfterIt) {
  add("a");
  const auto ticket = begin("a", 0s);
  states_.forget_times(1h, at(0s));
  states_.desync_all(DesyncReason::clock_step, wall(1s));
  EXPECT_FALSE(states_.finish(ticket, Outcome::complete, wall(1h), at(2s)));
  EXPECT_FALSE(states_.state("a")->is_synced());
  EXPECT_EQ(begin("a", 3s).changed_since, everything);
}

// What the step may have hidden is looked for at once; what was told already, and may be something else
// behind the same numbers, by the next sweep.
TEST_F(Sync, AStepOfTheClockHasWhatIsNewLookedForFirst) {
  add("a");
  states_.forget_times(1h, at(0s));
  states_.desync_all(DesyncReason::clock_step, wall(1s));
  EXPECT_EQ(begin("a", 2s).changed_since, everything);
  EXPECT_FALSE(begin("a", 2s).tells_again);
  EXPECT_TRUE(scan("a", Outcome::complete, 3s));
  EXPECT_EQ(states_.next_due(), at(63s));
  EXPECT_EQ(begin("a", 63s).changed_since, everything);
  EXPECT_TRUE(begin("a", 63s).tells_again);
  scan("a", Outcome::complete, 64s);
  EXPECT_FALSE(begin("a", 124s).tells_again);
  EXPECT_EQ(begin("a", 124s).changed_since, wall(62s));
}

TEST_F(Sync, AWholeScanWaitsForRepairsButNotForEver) {
  add("a");
  states_.desync("a", DesyncReason::lease, wall(1s));
  EXPECT_FALSE(begin("a", 3600s).tells_again);
  EXPECT_EQ(begin("a", 3600s).changed_since, wall(-2s));
  EXPECT_TRUE(begin("a", 3600s + 600s).tells_again);
  EXPECT_EQ(begin("a", 3600s + 600s).changed_since, everything);
}

TEST_F(Sync, WithoutSweepsARepairTellsAgainWhatAStepOfTheClockMayHide) {
  states_.set_options({.has_sweeps = false});
  add("a");
  states_.desync_all(DesyncReason::queue_overflow, wall(1s));
  EXPECT_FALSE(begin("a", 2s).tells_again);
  states_.forget_times(1h, at(0s));
  EXPECT_TRUE(begin("a", 2s).tells_again);
}

TEST_F(Sync, AScanByAClockThatWasAheadForAWhileIsFollowedByAWholeOne) {
  add("a");
  EXPECT_FALSE(states_.finish(states_.begin("a", at(0s), wall(1h)), Outcome::complete, wall(1h), at(1s)));
  EXPECT_EQ(states_.begin("a", at(2s), wall(1h + 2s)).changed_since, wall(1h - 2s));
  EXPECT_EQ(begin("a", 4s).changed_since, everything);
  scan("a", Outcome::complete, 5s);
  EXPECT_EQ(begin("a", 60s).changed_since, wall(3s));
}

TEST_F(Sync, WhatIsLeftOutStaysSoInEachScanAndFollowsTheClock) {
  add("a");
  states_.leave_out_before("a", wall(-10s));
  EXPECT_EQ(begin("a", 1s).told_from, wall(-10s));
  scan("a", Outcome::complete, 0s);
  EXPECT_EQ(begin("a", 20h).changed_since, everything);
  EXPECT_EQ(begin("a", 20h).told_from, wall(-10s)) << "in a whole scan as well";
  add("b");
  states_.forget_times(5s, at(0s));
  EXPECT_EQ(states_.state("a")->told_from, wall(-15s)) << "what comes now has an older ctime than before";
  EXPECT_EQ(states_.state("b")->told_from, util::WallTime{}) << "all is told";
}

TEST_F(Sync, AVolumeIsScannedForWhatItsContainersWroteThatTheLossIsAboutWhoeverHasStartedSince) {
  add("a");
  states_.set_started("a", wall(-100s));
  EXPECT_EQ(begin("a", 1s).written_from, wall(-100s));
  states_.desync("a", DesyncReason::lease, wall(1s));
  scan("a", Outcome::cut, 2s);
  states_.set_started("a", wall(10s));
  EXPECT_EQ(begin("a", 20s).written_from, wall(-100s)) << "its container has been restarted";
  EXPECT_EQ(states_.state("a")->written_from, wall(-100s));
  EXPECT_TRUE(scan("a", Outcome::complete, 20s));
  EXPECT_EQ(begin("a", 80s).written_from, wall(10s)) << "what was there then has been looked at";
  EXPECT_EQ(states_.state("a")->written_from, wall(10s));
}

TEST_F(Sync, ALossThatIsReadAfterARestartIsStillAboutWhatWasBefore) {
  add("a");
  states_.set_started("a", wall(-100s));
  states_.set_started("a", wall(10s));
  const auto sweep = begin("a", 60s);
  EXPECT_EQ(sweep.written_from, wall(10s)) << "nothing was lost";
  states_.desync("a", DesyncReason::queue_overflow, wall(61s));
  states_.finish(sweep, Outcome::complete, wall(60s), at(62s));
  EXPECT_EQ(begin("a", 63s).written_from, wall(-100s));
}

TEST_F(Sync, AContainerThatStartedEarlierWidensTheScan) {
  add("a");
  states_.set_started("a", wall(0s));
  EXPECT_TRUE(states_.set_started("a", wall(-50s)));
  EXPECT_EQ(begin("a", 1s).written_from, wall(-50s));
  EXPECT_FALSE(states_.set_started("a", everything)) << "it cannot be told any more";
  EXPECT_EQ(begin("a", 1s).written_from, wall(-50s));
  states_.forget_times(5s, at(0s));
  EXPECT_EQ(begin("a", 1s).written_from, wall(-55s)) << "it goes back with the clock";
}

TEST_F(Sync, AMountThatHasGoneIsForgottenAlsoByItsScan) {
  add("a");
  const auto ticket = begin("a", 1s);
  states_.remove("a");
  EXPECT_FALSE(states_.finish(ticket, Outcome::complete, wall(1s), at(2s)));
  EXPECT_EQ(states_.state("a"), std::nullopt);
  EXPECT_EQ(states_.next_due(), std::nullopt);
}

TEST_F(Sync, OfAContainerThatIsStoppedStaysAsItIs) {
  add("a");
  states_.desync("a", DesyncReason::lease, wall(1s));
  states_.set_present("a", false);
  EXPECT_EQ(states_.next(at(100s)), std::nullopt);
  EXPECT_EQ(states_.next_due(), std::nullopt);
  states_.set_present("a", true);
  EXPECT_EQ(states_.next(at(100s)), "a");
  EXPECT_THAT(reasons("a"), ElementsAre(DesyncReason::lease));
}

TEST_F(Sync, WithoutSweepsOnlyWhatIsDesyncedIsScanned) {
  states_.set_options({.has_sweeps = false});
  add("a");
  EXPECT_EQ(states_.next(at(100h)), std::nullopt);
  EXPECT_EQ(states_.next_due(), std::nullopt);
  states_.desync("a", DesyncReason::lease, wall(1s));
  EXPECT_EQ(states_.next(at(1s)), "a");
}

TEST(DesyncReasons, AreReadAsTheyAreNamed) {
  for (const DesyncReason reason : desync_reasons) EXPECT_EQ(parse_desync_reason(name_of(reason)), reason);
  EXPECT_EQ(parse_desync_reason("none"), std::nullopt);
}

}  // namespace
}  // namespace dropwarden::monitor
