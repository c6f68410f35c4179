// SPDX-License-Identifier: Apache-2.0
#include "monitor/open_findings.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;
using model::Metadata;
using testing::ElementsAre;

// Remembers what was published as `revision:status:container:process:hash`, and the metadata that it said;
// the container is known when `container` says so.
class OpenFindingsTest : public testing::Test {
 protected:
  std::string text_of(const model::Finding& finding) {
    return std::to_string(finding.revision) + ":" + (finding.is_final ? "final" : "open") + ":" +
           finding.event.container.id.value + ":" + finding.event.process.name + ":" +
           finding.event.file.sha256.value;
  }

  OpenFindings::ContainerAwaited container_awaited;
  std::string container;
  bool is_wanted = true;
  bool has_finder = true;
  std::vector<std::string> asked_again;
  std::vector<std::string> published;
  std::vector<Metadata> metadata;
  std::vector<std::string> programs;
  Metadata told = Metadata::complete;
  OpenFindings::Clock::time_point now{};
  OpenFindings open{[this](model::Finding& finding, const EventIdentity&) {
                      auto& capture = finding.event.file.capture.status;
                      if (capture == model::CaptureStatus::pending && is_shown) finding.is_final = false;
                      if (capture == model::CaptureStatus::pending && !is_shown)
                        capture = model::CaptureStatus::skipped;
                      captures.push_back(capture);
                      published.push_back(text_of(finding));
                      metadata.push_back(finding.event.container.metadata);
                      programs = finding.event.image_programs;
                      return is_wanted;
                    },
                    [this](model::Finding& finding, const EventIdentity&) {
                      finding.event.container.id = {container};
                      finding.event.container.metadata =
                          container_awaited.metadata == MetadataFrom::nobody ? told : Metadata::pending;
                      return container_awaited;
                    },
                    [this](const model::Finding& finding, const EventIdentity&, std::uint64_t serial) {
                      asked_again.push_back(std::to_string(serial) + ":" + finding.event.file.sha256.value);
                      return has_finder;
                    },
                    {.metadata = 2s, .answer = 90s, .away = 600s, .open = 100},
                    [this](const model::Finding& finding, std::uint64_t serial, Evidence evidence) {
                      copied.push_back(std::to_string(serial) + ":" + finding.event.file.sha256.value + ":" +
                                       std::to_string(evidence.size));
                      return has_copier;
                    }};
  // As the policy does with what it does not show.
  bool is_shown = true;
  bool has_copier = true;
  std::vector<std::string> copied;
  std::vector<model::CaptureStatus> captures;

  model::Finding copyable() const {
    model::Finding finding;
    finding.event.file.capture.status = model::CaptureStatus::pending;
    return finding;
  }
  Evidence evidence(std::uint64_t size) {
    return {.place = std::move(*room.take_file()), .bytes = {}, .file = {}, .size = size};
  }
  EvidenceRoom room{1, 2};
};

TEST_F(OpenFindingsTest, PublishesOnceAndFinalWhenAllIsKnown) {
  container = "c";
  open.add(1, {}, {}, {}, now);
  EXPECT_THAT(published, ElementsAre("1:final:c::"));
  EXPECT_EQ(open.next_deadline(), std::nullopt);
}

TEST_F(OpenFindingsTest, WaitsForTheProcessBeforeTheFirstRevision) {
  model::Finding finding;
  finding.event.process.start_time = util::WallTime{5s};
  open.add(1, finding, {}, {.process = true}, now);
  EXPECT_TRUE(published.empty());
  model::ProcessInfo process;
  process.name = "cp";
  process.start_time = util::WallTime{5s};
  open.on_process(1, process);
  EXPECT_THAT(published, ElementsAre("1:final::cp:"));
}

TEST_F(OpenFindingsTest, TakesWhatTheImageHasWithTheProcess) {
  open.add(1, {}, {}, {.process = true}, now);
  open.on_process(1, {}, {"/usr/bin/dpkg"});
  EXPECT_THAT(programs, ElementsAre("/usr/bin/dpkg"));
}

TEST_F(OpenFindingsTest, KnowsHowManyItHeldAtOnce) {
  for (std::uint64_t serial = 1; serial <= 3; ++serial) open.add(serial, {}, {}, {.process = true}, now);
  open.expire(now + 10min);
  EXPECT_EQ(open.size(), 0U);
  open.add(4, {}, {}, {.process = true}, now);
  EXPECT_EQ(open.highest(), 3U);
}

TEST_F(OpenFindingsTest, WaitsLongerForTheContainerOfWhatLiesThereAnyhow) {
  container_awaited = {.container = true, .metadata = MetadataFrom::runtime};
  model::Finding written;
  written.event.detected_by = model::Sensor::close_write;
  model::Finding seen;
  seen.event.detected_by = model::Sensor::upper_layer;
  open.add(1, written, {}, {}, now);
  open.add(2, seen, {}, {}, now);
  open.expire(now + 2s);
  EXPECT_THAT(published, ElementsAre("1:final:::"));
  open.expire(now + 9s);
  EXPECT_EQ(published.size(), 1U);
  container_awaited = {};
  container = "c";
  open.on_containers(now + 9s);
  EXPECT_THAT(published, ElementsAre("1:final:::", "1:final:c::"));
}

TEST_F(OpenFindingsTest, GoesOutWithoutAContainerThatNobodyKnowsInTheEnd) {
  container_awaited = {.container = true, .metadata = MetadataFrom::runtime};
  model::Finding seen;
  seen.event.detected_by = model::Sensor::upper_layer;
  open.add(1, seen, {}, {}, now);
  open.expire(now + 10s);
  EXPECT_THAT(published, ElementsAre("1:final:::"));
  EXPECT_THAT(metadata, ElementsAre(Metadata::none));
  EXPECT_EQ(open.next_deadline(), std::nullopt);
}

TEST_F(OpenFindingsTest, GoesOutWithoutAProcessThatKeepsItsFactsBack) {
  open.add(1, {}, {}, {.process = true}, now);
  ASSERT_TRUE(open.next_deadline());
  open.expire(*open.next_deadline());
  EXPECT_THAT(published, ElementsAre("1:final:::"));
  open.on_process(1, {});
  EXPECT_EQ(published.size(), 1U);
}

TEST_F(OpenFindingsTest, LeavesTheLoopItsTurnWhereManyAreDue) {
  open.reconfigure({.metadata = 2s, .answer = 90s, .away = 600s, .open = 10'000});
  constexpr std::uint64_t many = 5000;
  for (std::uint64_t i = 1; i <= many; ++i) open.add(i, {}, {}, {.process = true}, now);
  const auto later = now + 1s;
  open.expire(later);
  EXPECT_LT(published.size(), 1000U);
  ASSERT_TRUE(open.next_deadline());
  EXPECT_LE(*open.next_deadline(), later) << "the rest is due at once";
  for (std::uint64_t i = 0; i < many && open.next_deadline(); ++i) open.expire(later);
  EXPECT_EQ(published.size(), many);
}

TEST_F(OpenFindingsTest, WaitsForTheHashOfWhatMayBeKnownAndForThatOfAWriteOnlySoLong) {
  model::Finding scanned;
  scanned.event.detected_by = model::Sensor::scan;
  open.add(1, scanned, {}, {.hash = true, .is_hash_first = true}, now);
  open.add(2, {}, {}, {.hash = true, .is_hash_first = true}, now);
  ASSERT_TRUE(open.next_deadline());
  EXPECT_TRUE(published.empty());
  open.expire(*open.next_deadline());
  EXPECT_THAT(published, ElementsAre("1:open:::"));
  EXPECT_EQ(open.next_deadline(), std::nullopt);
  open.on_hash(1, {.value = "ab", .status = model::HashStatus::done});
  EXPECT_THAT(published, ElementsAre("1:open:::", "1:final:::ab"));
}

TEST_F(OpenFindingsTest, PublishesAHashThatComesLaterAsTheNextRevision) {
  open.add(1, {}, {}, {.hash = true}, now);
  open.on_hash(1, {.value = "ab", .status = model::HashStatus::done});
  EXPECT_THAT(published, ElementsAre("1:open:::", "2:final:::ab"));
}

TEST_F(OpenFindingsTest, TakesAHashThatComesBeforeTheFirstRevision) {
  open.add(1, {}, {}, {.process = true, .hash = true}, now);
  open.on_hash(1, {.value = "ab", .status = model::HashStatus::done});
  EXPECT_TRUE(published.empty());
  open.on_process(1, {});
  EXPECT_THAT(published, ElementsAre("1:final:::ab"));
}

TEST_F(OpenFindingsTest, HoldsBackUntilTheContainerIsKnownSinceTheIdDependsOnIt) {
  container_awaited = {.container = true, .metadata = MetadataFrom::runtime};
  open.add(1, {}, {}, {}, now);
  open.on_containers(now);
  EXPECT_TRUE(published.empty());
  container = "c";
  container_awaited = {.container = false, .metadata = MetadataFrom::runtime};
  open.on_containers(now);
  EXPECT_THAT(published, ElementsAre("1:open:c::"));
  container_awaited = {};
  open.on_containers(now);
  EXPECT_THAT(published, ElementsAre("1:open:c::", "2:final:c::"));
  EXPECT_THAT(metadata, ElementsAre(Metadata::pending, Metadata::complete));
}

TEST_F(OpenFindingsTest, IsFinalAtTheDeadlineWithoutAContainer) {
  container_awaited = {.container = true, .metadata = MetadataFrom::away};
  open.add(1, {}, {}, {}, now);
  open.expire(now + 1s);
  EXPECT_TRUE(published.empty());
  open.expire(*open.next_deadline());
  EXPECT_THAT(published, ElementsAre("1:final:::"));
  EXPECT_THAT(metadata, ElementsAre(Metadata::none)) << "nobody can tell of a container without an id";
}

TEST_F(OpenFindingsTest, GoesOutPendingAtTheDeadlineWhereMetadataIsNeededAndIsCompletedLater) {
  open.reconfigure({.metadata = 2s, .is_metadata_needed = true});
  container = "c";
  container_awaited = {.metadata = MetadataFrom::runtime};
  open.add(1, {}, {}, {}, now);
  EXPECT_TRUE(published.empty());
  open.expire(now + 1999ms);
  EXPECT_TRUE(published.empty());
  ASSERT_EQ(open.next_deadline(), now + 2s);
  open.expire(now + 2s);
  EXPECT_THAT(published, ElementsAre("1:open:c::"));
  container_awaited = {};
  open.on_containers(now + 5s);
  EXPECT_THAT(published, ElementsAre("1:open:c::", "2:final:c::"));
  EXPECT_THAT(metadata, ElementsAre(Metadata::pending, Metadata::complete));
  EXPECT_EQ(open.next_deadline(), std::nullopt);
}

TEST_F(OpenFindingsTest, WaitsNoLongerThanTheMetadataTakesWhereItIsNeeded) {
  open.reconfigure({.metadata = 2s, .is_metadata_needed = true});
  container_awaited = {.metadata = MetadataFrom::runtime};
  open.add(1, {}, {}, {}, now);
  container_awaited = {};
  open.on_containers(now + 10ms);
  EXPECT_THAT(published, ElementsAre("1:final:::"));
}

// When the finding is final with nothing learned, by who might have told.
TEST_F(OpenFindingsTest, WaitsForTheAnswerAsLongAsItIsLikely) {
  for (const auto& [from, wait] :
       {std::pair{MetadataFrom::knower, 2s}, {MetadataFrom::runtime, 92s}, {MetadataFrom::away, 602s}}) {
    published.clear();
    metadata.clear();
    container_awaited = {.metadata = from};
    open.add(1, {}, {}, {}, now);
    ASSERT_EQ(open.next_deadline(), now + wait);
    open.expire(now + wait - 1ms);
    EXPECT_THAT(published, ElementsAre("1:open:::"));
    open.expire(now + wait);
    EXPECT_THAT(published, ElementsAre("1:open:::", "2:final:::"));
    EXPECT_THAT(metadata, ElementsAre(Metadata::pending, Metadata::none));
  }
}

TEST_F(OpenFindingsTest, GivesARuntimeThatIsBackTheTimeToTell) {
  container_awaited = {.metadata = MetadataFrom::away};
  open.add(1, {}, {}, {}, now);
  container_awaited = {.metadata = MetadataFrom::runtime};
  open.on_containers(now + 500s);
  EXPECT_EQ(open.next_deadline(), now + 590s);
  container_awaited = {.metadata = MetadataFrom::away};
  open.on_containers(now + 550s);
  container_awaited = {.metadata = MetadataFrom::runtime};
  open.on_containers(now + 580s);
  EXPECT_EQ(open.next_deadline(), now + 602s) << "one that comes and goes does not keep it open for ever";
}

TEST_F(OpenFindingsTest, AreBoundedTheOldestIsFinalFirst) {
  container_awaited = {.metadata = MetadataFrom::away};
  for (std::uint64_t serial = 1; serial <= 102; ++serial) {
    model::Finding finding;
    finding.event.process.name = std::to_string(serial);
    open.add(serial, finding, {}, {}, now);
  }
  EXPECT_EQ(published.size(), 104U);
  EXPECT_EQ(published[101], "2:final::1:");
  EXPECT_EQ(published[103], "2:final::2:");
  EXPECT_EQ(metadata[103], Metadata::none);
}

TEST_F(OpenFindingsTest, WaitsForTheOriginSinceItDecidesWhetherThereIsAFinding) {
  open.add(1, {}, {}, {.origin = true}, now);
  EXPECT_TRUE(published.empty());
  open.on_origin(1, model::Origin::created);
  EXPECT_THAT(published, ElementsAre("1:final:::"));
}

TEST_F(OpenFindingsTest, IsNotHeldBackByAnOriginThatTakesLongAndTellsItLater) {
  std::vector<model::Origin> origins;
  OpenFindings findings(
      [&](model::Finding& finding, const EventIdentity&) {
        origins.push_back(finding.event.file.origin);
        published.push_back(text_of(finding));
        return true;
      },
      [](model::Finding&, const EventIdentity&) { return OpenFindings::ContainerAwaited{}; },
      [](const model::Finding&, const EventIdentity&, std::uint64_t) { return false; });
  findings.add(1, {}, {}, {.origin = true}, now);
  ASSERT_TRUE(findings.next_deadline());
  EXPECT_LE(*findings.next_deadline() - now, 500ms);
  findings.expire(*findings.next_deadline());
  EXPECT_EQ(findings.next_deadline(), std::nullopt);
  findings.on_origin(1, model::Origin::unchanged);
  EXPECT_THAT(published, ElementsAre("1:open:::", "2:final:::"));
  EXPECT_THAT(origins, ElementsAre(model::Origin::unknown, model::Origin::unchanged));
}

constexpr Awaited hash_may_decide{
    .origin = true, .hash = true, .is_hash_first = true, .may_hash_decide = true};
const model::Hash hash{.value = "ab", .status = model::HashStatus::done};

TEST_F(OpenFindingsTest, LooksForTheOriginOnceMoreWithTheHashWhereTheFileHasChanged) {
  open.add(1, {}, {}, hash_may_decide, now);
  open.on_origin(1, std::nullopt);
  EXPECT_TRUE(asked_again.empty()) << "there is no hash yet";
  open.on_hash(1, hash);
  open.add(2, {}, {}, hash_may_decide, now);
  open.on_hash(2, hash);
  open.on_origin(2, std::nullopt);
  EXPECT_THAT(asked_again, ElementsAre("1:ab", "2:ab"));
  EXPECT_TRUE(published.empty());
  open.on_origin(1, model::Origin::created);
  open.on_origin(2, std::nullopt);
  EXPECT_THAT(published, ElementsAre("1:final:::ab", "1:final:::ab"));
  EXPECT_EQ(asked_again.size(), 2U);
}

TEST_F(OpenFindingsTest, TellsWhatHasChangedWhereNoHashMayOrCanDecide) {
  open.add(1, {}, {}, {.origin = true, .hash = true}, now);
  open.on_origin(1, std::nullopt);
  EXPECT_THAT(published, ElementsAre("1:open:::")) << "it was written";
  open.add(2, {}, {}, hash_may_decide, now);
  open.on_origin(2, std::nullopt);
  open.on_hash(2, {.value = {}, .status = model::HashStatus::changed});
  has_finder = false;
  open.add(3, {}, {}, hash_may_decide, now);
  open.on_origin(3, std::nullopt);
  open.on_hash(3, hash);
  EXPECT_THAT(published, ElementsAre("1:open:::", "1:final:::", "1:final:::ab"));
}

TEST_F(OpenFindingsTest, WaitsLongerForTheOriginOfWhatNobodyHasJustWritten) {
  model::Finding scanned;
  scanned.event.detected_by = model::Sensor::scan;
  open.add(1, scanned, {}, {.origin = true}, now);
  open.expire(now + 1s);
  EXPECT_TRUE(published.empty());
  open.expire(now + 60s);
  EXPECT_THAT(published, ElementsAre("1:open:::"));
}

TEST_F(OpenFindingsTest, KnowsWhetherAWorkerStillHasSomethingToSay) {
  container_awaited.container = true;
  open.add(1, {}, {}, {.hash = true}, now);
  EXPECT_TRUE(open.awaits_worker());
  open.on_hash(1, hash);
  EXPECT_FALSE(open.awaits_worker()) << "only its container is awaited";
}

TEST_F(OpenFindingsTest, DropsWhatIsNotWanted) {
  is_wanted = false;
  open.add(1, {}, {}, {.hash = true}, now);
  open.on_hash(1, {.value = "ab", .status = model::HashStatus::done});
  EXPECT_THAT(published, ElementsAre("1:open:::"));
}

TEST_F(OpenFindingsTest, PublishesAllThatIsOpenAtTheEnd) {
  open.add(1, {}, {}, {.hash = true}, now);
  open.add(2, {}, {}, {.process = true}, now);
  open.finish();
  EXPECT_THAT(published, ElementsAre("1:open:::", "2:final:::", "1:final:::"));
}

TEST_F(OpenFindingsTest, SaysAtTheEndThatNothingIsPendingAnyMore) {
  container_awaited = {.metadata = MetadataFrom::away};
  open.add(1, {}, {}, {}, now);
  open.finish();
  EXPECT_THAT(published, ElementsAre("1:open:::", "2:final:::"));
  EXPECT_EQ(metadata.back(), Metadata::none);
}

TEST_F(OpenFindingsTest, CopiesWhatIsShownAndSaysInAFurtherRecordWhereTheCopyIs) {
  open.add(1, copyable(), {}, {}, now, evidence(5));
  EXPECT_THAT(published, ElementsAre("1:open:::"));
  EXPECT_THAT(copied, ElementsAre("1::5"));
  open.on_capture(1, {.status = model::CaptureStatus::done, .path = "/copies/x"});
  EXPECT_THAT(published, ElementsAre("1:open:::", "2:final:::"));
  EXPECT_THAT(captures, ElementsAre(model::CaptureStatus::pending, model::CaptureStatus::done));
  EXPECT_EQ(open.size(), 0U);
}

TEST_F(OpenFindingsTest, CopiesALargeFileOnceItIsHashed) {
  open.add(1, copyable(), {}, {.hash = true}, now);
  EXPECT_TRUE(copied.empty());
  open.on_hash(1, {.value = "h", .status = model::HashStatus::done}, evidence(5));
  EXPECT_THAT(copied, ElementsAre("1:h:5"));
  open.on_capture(1, {.status = model::CaptureStatus::changed, .path = "/copies/x"});
  EXPECT_THAT(published, ElementsAre("1:open:::", "2:open:::h", "3:final:::h"));
}

TEST_F(OpenFindingsTest, CopiesNothingOfWhatIsNotShownOrNotWanted) {
  is_shown = false;
  open.add(1, copyable(), {}, {}, now, evidence(5));
  EXPECT_THAT(captures, ElementsAre(model::CaptureStatus::skipped));
  is_wanted = false;
  open.add(2, copyable(), {}, {}, now, evidence(5));
  EXPECT_TRUE(copied.empty());
  EXPECT_EQ(open.size(), 0U);
  EXPECT_TRUE(room.take_file() && room.take_file()) << "nothing is held";
}

TEST_F(OpenFindingsTest, CopiesWhatIsShownForItsHash) {
  is_shown = false;
  open.add(1, copyable(), {}, {.hash = true}, now);
  is_shown = true;
  open.on_hash(1, {.value = "h", .status = model::HashStatus::done}, evidence(5));
  EXPECT_THAT(copied, ElementsAre("1:h:5"));
}

TEST_F(OpenFindingsTest, SaysThatThereIsNoCopyWhereNoneCanBeMade) {
  has_copier = false;
  open.add(1, copyable(), {}, {}, now, evidence(5));
  EXPECT_THAT(captures, ElementsAre(model::CaptureStatus::pending, model::CaptureStatus::gone));
  open.add(2, copyable(), {}, {.hash = true}, now);
  open.on_hash(2, {.value = {}, .status = model::HashStatus::gone});
  EXPECT_EQ(captures.back(), model::CaptureStatus::gone) << "no bytes came with the hash";
  EXPECT_EQ(published.back(), "2:final:::");
  has_copier = true;
  open.add(3, copyable(), {}, {}, now, evidence(5));
  open.finish();
  EXPECT_EQ(captures.back(), model::CaptureStatus::gone) << "the daemon ends";
  EXPECT_EQ(published.back(), "2:final:::");
}

}  // namespace
}  // namespace dropwarden::monitor
