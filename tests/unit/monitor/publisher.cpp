// SPDX-License-Identifier: Apache-2.0
#include "monitor/publisher.hpp"

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/database.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::monitor {
namespace {

using model::Disposition;
using model::HashStatus;
using model::Sensor;
using testing::SizeIs;

// A file as a sensor shows it. Each further call of `change` moves its ctime, as a rename or chmod does.
model::Finding sighting(Sensor sensor = Sensor::close_write) {
  model::Finding finding;
  finding.is_final = true;
  finding.signature.emplace();
  model::WriteEvent& event = finding.event;
  event.detected_by = sensor;
  event.container.id = {"c"};
  if (sensor == Sensor::close_write) event.process.pid = {7};
  event.file.path = "/tmp/.x.dpkg-new";
  event.file.mode = 0100644;
  event.file.links = 1;
  event.file.inode = 5;
  event.file.size = 100;
  event.file.sha256 = {std::string(64, 'a'), HashStatus::done};
  return finding;
}

model::Finding changed(model::Finding finding, Sensor sensor, int seconds = 1) {
  finding.event.detected_by = sensor;
  finding.event.process = {};
  finding.event.file.changed += std::chrono::seconds{seconds};
  return finding;
}

class PublisherTest : public testing::Test {
 protected:
  void restart() {
    publisher_.reset();
    store_.reset();
    open();
  }
  void open() {
    store_ =
        std::make_unique<store::Store>(store::Settings{.path = path()}, [](const store::Store::Report&) {});
    publisher_ = std::make_unique<Publisher>(
        ledger_, mounts_, store_.get(), Settings{},
        Monitor::Deliver{.finding = [this](const model::Finding& finding) { return deliver(finding); },
                         .event = [](const model::WriteEvent&) { return Monitor::Delivery{}; }},
        [](model::Loss) {});
  }
  Monitor::Delivery deliver(const model::Finding& finding) {
    if (prints_once && !finding.is_first()) return {};
    if (is_full) return {.takers = 1, .lost = 1};
    told.push_back(finding);
    if (is_writing) store_->set_told(finding.id, finding.revision);
    return {.takers = 1, .lost = 0, .native = native};
  }
  bool publish(model::Finding finding) { return publisher_->publish(finding, {}); }
  std::uint64_t ended(Disposition disposition) const { return ledger_.ended(disposition); }
  std::string path() const { return directory_.path() / "state.db"; }
  std::int64_t number(const std::string& sql) {
    store_->finish();
    return test::read_number(path(), sql);
  }

  std::vector<model::Finding> told;
  bool is_full = false;
  bool is_writing = true;
  bool prints_once = false;
  std::string native;

 private:
  void SetUp() override { open(); }

  test::TemporaryDirectory directory_;
  Ledger ledger_;
  WatchedMounts mounts_;

 protected:
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Publisher> publisher_;
};

TEST_F(PublisherTest, TellsADropOnceHoweverOftenItIsSeen) {
  EXPECT_TRUE(publish(sighting()));
  EXPECT_FALSE(publish(sighting()));
  EXPECT_FALSE(publish(sighting(Sensor::scan)));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(ended(Disposition::reported), 1U);
  EXPECT_EQ(ended(Disposition::duplicate), 2U);
  EXPECT_EQ(number("SELECT count FROM finding"), 3);
}

TEST_F(PublisherTest, StoresTheRecordThatOutputsHave) {
  native = "as told";
  publish(sighting());
  EXPECT_EQ(number("SELECT count(*) FROM record WHERE json = 'as told'"), 1);
}

TEST_F(PublisherTest, StoresARecordThatNoOutputHasInThatFormat) {
  publish(sighting());
  EXPECT_EQ(number("SELECT count(*) FROM record WHERE json_extract(json, '$.event.file.inode') = 5"), 1);
}

TEST_F(PublisherTest, KeepsARecordOpenForTheCopyOfWhatIsShown) {
  auto finding = sighting();
  finding.event.file.capture.status = model::CaptureStatus::pending;
  publish(finding);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_FALSE(told[0].is_final);
  EXPECT_EQ(told[0].event.file.capture.status, model::CaptureStatus::pending);
}

TEST_F(PublisherTest, KnowsADropAfterARestart) {
  publish(sighting());
  restart();
  EXPECT_FALSE(publish(sighting(Sensor::scan)));
  EXPECT_FALSE(publish(changed(sighting(), Sensor::scan))) << "by place and content";
  EXPECT_THAT(told, SizeIs(1));
  EXPECT_EQ(number("SELECT count FROM finding"), 3);
}

// The daemon was killed between the close and the rename.
TEST_F(PublisherTest, TellsAfterARestartWhereADropHasMovedTo) {
  publish(sighting());
  restart();
  auto moved = changed(sighting(), Sensor::scan);
  moved.event.file.path = "/usr/bin/x";
  EXPECT_FALSE(publish(moved));
  EXPECT_FALSE(publish(changed(moved, Sensor::scan, 2))) << "once";
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[1].id, told[0].id);
  EXPECT_EQ(told[1].revision, 2U);
  EXPECT_EQ(told[1].event.file.path, "/usr/bin/x");
  restart();
  EXPECT_FALSE(publish(changed(moved, Sensor::scan, 3)));
  EXPECT_THAT(told, SizeIs(2)) << "nor after another restart";
}

TEST_F(PublisherTest, DoesNotTakeOneOfSeveralNamesForANewPlaceAfterARestart) {
  publish(sighting());
  restart();
  auto other = changed(sighting(), Sensor::scan);
  other.event.file.path = "/usr/bin/x";
  other.event.file.links = 2;
  EXPECT_FALSE(publish(other));
  EXPECT_THAT(told, SizeIs(1));
}

TEST_F(PublisherTest, TellsAgainAfterARestartWhatNoOutputHadWritten) {
  is_writing = false;
  publish(sighting());
  restart();
  EXPECT_TRUE(publish(sighting(Sensor::scan)));
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].id, told[1].id);
  EXPECT_EQ(told[1].revision, 1U);
}

TEST_F(PublisherTest, TellsWhereADropHasMovedToAsAFurtherRevision) {
  publish(sighting());
  auto renamed = changed(sighting(), Sensor::upper_layer);
  renamed.event.file.path = "/usr/bin/x";
  EXPECT_FALSE(publish(renamed));
  auto executable = changed(renamed, Sensor::scan);
  executable.event.file.mode = 0100755;
  EXPECT_FALSE(publish(executable));
  EXPECT_FALSE(publish(changed(executable, Sensor::scan))) << "setcap(8): nothing that is told is new";
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_EQ(told[2].id, told[0].id);
  EXPECT_EQ(told[2].revision, 3U);
  EXPECT_TRUE(told[2].is_final);
  EXPECT_EQ(told[2].event.file.path, "/usr/bin/x");
  EXPECT_EQ(told[2].event.file.mode, 0100755U);
  EXPECT_EQ(told[2].event.process.pid.value, 7) << "still who wrote it";
  EXPECT_EQ(told[2].event.detected_by, Sensor::close_write);
  EXPECT_EQ(ended(Disposition::reported), 3U);
  EXPECT_EQ(number("SELECT count(*) FROM finding WHERE path = '/usr/bin/x' AND revision = 3 AND told = 3"),
            1);
}

TEST_F(PublisherTest, TellsTheNameThatAFileWithoutOneGetsLater) {
  auto unnamed = sighting();
  unnamed.event.file.path = "/tmp/#5";
  unnamed.event.file.path_state = model::PathState::unnamed;
  publish(unnamed);
  auto linked = changed(sighting(), Sensor::second_look);
  linked.event.file.path = "/tmp/x";
  publish(linked);
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[1].event.file.path_state, model::PathState::live);
}

TEST_F(PublisherTest, TellsEachNameOfAFileOnce) {
  publish(sighting());
  for (int i = 1; i < 6; ++i) {
    auto linked = changed(sighting(), Sensor::scan);
    linked.event.file.links = 2;
    if (i % 2 != 0) linked.event.file.path = "/second";
    publish(linked);
  }
  EXPECT_THAT(told, SizeIs(2));
}

TEST_F(PublisherTest, TellsOnlySoManyMovesOfAFile) {
  publish(sighting());
  for (int i = 1; i < 500; ++i) {
    auto renamed = changed(sighting(), Sensor::upper_layer, i);
    renamed.event.file.path = "/" + std::to_string(i);
    publish(renamed);
  }
  EXPECT_LT(told.size(), 100U);
  EXPECT_EQ(number("SELECT count FROM finding"), 500);
}

TEST_F(PublisherTest, TellsOnlySoManyMovesOfAFileThatWasToldBeforeARestart) {
  publish(sighting());
  restart();
  for (int i = 1; i < 500; ++i) {
    auto renamed = changed(sighting(), Sensor::scan, i);
    renamed.event.file.path = "/" + std::to_string(i);
    publish(renamed);
  }
  EXPECT_GT(told.size(), 10U);
  EXPECT_LT(told.size(), 100U);
  EXPECT_EQ(number("SELECT count FROM finding"), 500);
}

TEST_F(PublisherTest, TakesAnEarlierLookThatComesLateForNothingNew) {
  auto renamed = changed(sighting(), Sensor::upper_layer);
  renamed.event.file.path = "/usr/bin/x";
  renamed.event.process.pid = {9};
  publish(renamed);
  publish(sighting());
  EXPECT_THAT(told, SizeIs(1));
}

TEST_F(PublisherTest, TakesAPathThatTheFileHasLeftForNothingNew) {
  publish(sighting());
  auto renamed = changed(sighting(), Sensor::upper_layer);
  renamed.event.file.path = "/usr/bin/x";
  publish(renamed);
  publish(changed(sighting(), Sensor::upper_layer));
  EXPECT_THAT(told, SizeIs(2)) << "an event from before, looked at afterwards";
  publish(changed(sighting(), Sensor::upper_layer, 2));
  EXPECT_THAT(told, SizeIs(3)) << "it was moved back";
}

TEST_F(PublisherTest, TellsOfAMoveWithinOneTickOfTheClock) {
  publish(sighting());
  auto renamed = sighting(Sensor::upper_layer);
  renamed.event.file.path = "/usr/bin/x";
  publish(renamed);
  EXPECT_THAT(told, SizeIs(2));
}

TEST_F(PublisherTest, TellsTheWriterOfWhatAnotherSensorSawFirst) {
  publish(sighting(Sensor::scan));
  publish(sighting());
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[1].revision, 2U);
  EXPECT_EQ(told[1].event.process.pid.value, 7);
  EXPECT_EQ(told[1].event.detected_by, Sensor::close_write);
}

TEST_F(PublisherTest, TellsOtherContentInTheSameInodeAsAnotherDrop) {
  publish(sighting());
  auto other = changed(sighting(), Sensor::close_write);
  other.event.file.sha256.value.back() = 'b';
  publish(other);
  auto back = changed(sighting(), Sensor::close_write, 2);
  publish(back);
  ASSERT_THAT(told, SizeIs(3)) << "it was another one meanwhile";
  EXPECT_EQ((std::set{told[0].id, told[1].id, told[2].id}).size(), 3U);
}

// Stored through a mapping to a page that is dirty already, or written within one tick of the clock.
TEST_F(PublisherTest, TellsOtherContentWithTheSameCtimeAsAnotherDrop) {
  publish(sighting());
  auto other = sighting(Sensor::exec);
  other.event.file.sha256.value.back() = 'b';
  EXPECT_TRUE(publish(other));
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_NE(told[1].id, told[0].id);
  EXPECT_EQ(told[1].revision, 1U);
  EXPECT_EQ(told[1].event.file.sha256.value, other.event.file.sha256.value);
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(publish(other));
    EXPECT_FALSE(publish(changed(other, Sensor::scan, 1)));
    EXPECT_FALSE(publish(sighting(Sensor::scan)));
    restart();
  }
  EXPECT_THAT(told, SizeIs(2)) << "both are known, each by its id";
  EXPECT_EQ(number("SELECT count(*) FROM finding"), 2);
  EXPECT_EQ(number("SELECT count FROM finding WHERE id = '" + told[0].id + "'"), 3);
  EXPECT_EQ(number("SELECT count FROM finding WHERE id = '" + told[1].id + "'"), 5);
}

TEST_F(PublisherTest, TellsOtherContentApartWhoseCtimeMovesWhileItIsRead) {
  publish(sighting());
  auto other = sighting(Sensor::exec);
  other.event.file.sha256 = {.value = {}, .status = HashStatus::changed, .read = std::string(64, 'b')};
  EXPECT_TRUE(publish(other));
  EXPECT_THAT(told, SizeIs(2));
}

TEST_F(PublisherTest, TellsMoreOfTheDropThatHasTheSameCtimeAsAnother) {
  publish(sighting());
  auto other = sighting(Sensor::exec);
  other.is_final = false;
  other.event.file.sha256.value.back() = 'b';
  ASSERT_TRUE(publisher_->publish(other, {}));
  other.revision = 2;
  other.is_final = true;
  other.event.container.name = "web";
  publisher_->publish(other, {});
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_EQ(told[2].id, told[1].id);
  EXPECT_EQ(told[2].revision, 2U);
}

TEST_F(PublisherTest, KnowsByItsIdWhatCouldNotBeReadOnce) {
  publish(sighting());
  for (const HashStatus status : {HashStatus::gone, HashStatus::too_large, HashStatus::pending}) {
    auto unread = sighting(Sensor::exec);
    unread.event.file.sha256 = {{}, status};
    EXPECT_FALSE(publish(unread));
  }
  EXPECT_THAT(told, SizeIs(1));
}

TEST_F(PublisherTest, KnowsByItsIdWhatWasTooLargeToBeReadAtFirst) {
  auto large = sighting();
  large.event.file.sha256 = {{}, HashStatus::too_large};
  publish(large);
  EXPECT_FALSE(publish(sighting(Sensor::scan)));
  EXPECT_THAT(told, SizeIs(1));
}

TEST_F(PublisherTest, TakesARewriteOfTheSameBytesForARepeat) {
  publish(sighting());
  EXPECT_FALSE(publish(changed(sighting(), Sensor::close_write)));
  EXPECT_THAT(told, SizeIs(1));
}

TEST_F(PublisherTest, BelievesTheTimesOfALargeFileOnlyWhereItWasNotWritten) {
  auto large = sighting();
  large.event.file.sha256 = {{}, HashStatus::too_large};
  publish(large);
  EXPECT_FALSE(publish(changed(large, Sensor::scan)));
  EXPECT_TRUE(publish(changed(large, Sensor::close_write)));
  EXPECT_THAT(told, SizeIs(2));
}

TEST_F(PublisherTest, TellsWhatCouldNotBeHashedAsAnotherDrop) {
  publish(sighting());
  auto unstable = changed(sighting(), Sensor::scan);
  unstable.event.file.sha256 = {{}, HashStatus::changed};
  EXPECT_TRUE(publish(unstable));
}

// link(2) in a loop: each reading is of a file that has changed.
TEST_F(PublisherTest, TellsAFileWhoseCtimeNeverStandsStillOnce) {
  auto unstable = sighting();
  unstable.event.file.sha256 = {.value = {}, .status = HashStatus::changed, .read = std::string(64, 'a')};
  publish(unstable);
  for (int i = 1; i < 5; ++i) EXPECT_FALSE(publish(changed(unstable, Sensor::scan, i)));
  EXPECT_THAT(told, SizeIs(1));
  EXPECT_FALSE(publish(changed(sighting(), Sensor::scan, 5)));
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[1].id, told[0].id);
  EXPECT_EQ(told[1].event.file.sha256.status, HashStatus::done) << "it stood still at last";
  EXPECT_EQ(told[1].event.file.sha256.value, std::string(64, 'a'));
  auto other = changed(unstable, Sensor::scan, 6);
  other.event.file.sha256.read.back() = 'b';
  EXPECT_TRUE(publish(other));
}

TEST_F(PublisherTest, LearnsTheHashThatComesLater) {
  auto first = sighting();
  first.is_final = false;
  first.event.file.sha256 = {};
  ASSERT_TRUE(publisher_->publish(first, {}));
  first.revision = 2;
  first.is_final = true;
  first.event.file.sha256 = sighting().event.file.sha256;
  ASSERT_TRUE(publisher_->publish(first, {}));
  auto renamed = changed(sighting(), Sensor::upper_layer);
  renamed.event.file.path = "/usr/bin/x";
  EXPECT_FALSE(publish(renamed));
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_EQ(told[2].revision, 3U);
  EXPECT_EQ(told[2].id, told[0].id);
}

// The runtime tells the image's name when the file has been moved already.
TEST_F(PublisherTest, NumbersAndPlacesALateRecordAfterAMove) {
  auto first = sighting();
  first.is_final = false;
  ASSERT_TRUE(publisher_->publish(first, {}));
  auto renamed = changed(sighting(), Sensor::upper_layer);
  renamed.event.file.path = "/usr/bin/x";
  publish(renamed);
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_FALSE(told[1].is_final) << "the runtime is still awaited";
  first.revision = 2;
  first.is_final = true;
  first.event.container.name = "web";
  publisher_->publish(first, {});
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_EQ(told[2].revision, 3U);
  EXPECT_EQ(told[2].event.file.path, "/usr/bin/x");
  EXPECT_EQ(told[2].event.container.name, "web");
  EXPECT_TRUE(told[2].is_final);
}

TEST_F(PublisherTest, TellsAgainWhatNoOutputHadRoomFor) {
  is_full = true;
  publish(sighting());
  EXPECT_EQ(ended(Disposition::queue_full), 1U);
  is_full = false;
  EXPECT_TRUE(publish(sighting(Sensor::scan)));
  EXPECT_THAT(told, SizeIs(1));
}

TEST_F(PublisherTest, TellsAgainWhatNoOutputCouldWrite) {
  publish(sighting());
  publisher_->forget(told[0].id);
  EXPECT_TRUE(publish(sighting(Sensor::scan)));
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].id, told[1].id);
}

// What a finding becomes when more of it is known.
model::Finding with_name(model::Finding finding) {
  ++finding.revision;
  finding.is_final = true;
  finding.event.container.name = "web";
  return finding;
}

model::Finding open_sighting() {
  auto finding = sighting();
  finding.is_final = false;
  return finding;
}

TEST_F(PublisherTest, CountsALaterRecordThatNobodyPrintsAsToldOnceTheFirstIs) {
  prints_once = true;
  auto finding = open_sighting();
  ASSERT_TRUE(publisher_->publish(finding, {}));
  publish(with_name(finding));
  EXPECT_THAT(told, SizeIs(1));
  EXPECT_EQ(number("SELECT count(*) FROM finding WHERE revision = 2 AND told = 2"), 1);
  restart();
  EXPECT_TRUE(store_->take_unfinished_findings().empty());
  EXPECT_FALSE(publish(sighting(Sensor::scan)));
  EXPECT_THAT(told, SizeIs(1));
}

// Killed while the line of the first waited, or when it could not be written.
TEST_F(PublisherTest, TellsAgainAfterARestartWhatALaterRecordDidNotTellEither) {
  prints_once = true;
  is_writing = false;
  auto finding = open_sighting();
  ASSERT_TRUE(publisher_->publish(finding, {}));
  publish(with_name(finding));
  EXPECT_EQ(number("SELECT count(*) FROM finding WHERE revision = 2 AND told = 0"), 1);
  restart();
  EXPECT_TRUE(publish(sighting(Sensor::scan)));
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[1].revision, 1U);
}

TEST_F(PublisherTest, TellsALaterRecordAsTheFirstWhereNoOutputHadRoomForThat) {
  prints_once = true;
  is_full = true;
  auto finding = open_sighting();
  publisher_->publish(finding, {});
  is_full = false;
  publish(with_name(finding));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_TRUE(told[0].is_shown_late);
  EXPECT_EQ(told[0].revision, 2U);
  EXPECT_FALSE(publish(sighting(Sensor::scan))) << "and then it is known";
  EXPECT_THAT(told, SizeIs(1));
}

TEST_F(PublisherTest, TellsALaterRecordAsTheFirstWhereNoOutputCouldWriteThat) {
  prints_once = true;
  auto finding = open_sighting();
  ASSERT_TRUE(publisher_->publish(finding, {}));
  publisher_->forget(finding.id);
  publish(with_name(finding));
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_TRUE(told[1].is_shown_late);
  publisher_->forget(finding.id);
  EXPECT_TRUE(publish(sighting(Sensor::scan))) << "nor could that be written";
  EXPECT_THAT(told, SizeIs(3));
}

TEST_F(PublisherTest, StoresOfAKnownDropWhatNoOutputHadRoomFor) {
  auto finding = open_sighting();
  ASSERT_TRUE(publisher_->publish(finding, {}));
  is_full = true;
  publish(with_name(finding));
  EXPECT_EQ(number("SELECT count(*) FROM finding WHERE revision = 2 AND told = 1 AND is_final"), 1);
}

Settings with_policy(policy::Policy policy) {
  Settings settings;
  settings.policy = std::make_shared<const policy::Engine>(policy, 2);
  return settings;
}

policy::Policy excepting(const std::string& path) {
  return {.exceptions = {{.name = "e", .reason = "because", .when = {.path = {path}}}}};
}

TEST_F(PublisherTest, CoversByAHashNothingThatHasTheSameCtime) {
  policy::Policy policy;
  policy.exceptions = {{.name = "e", .reason = "because", .when = {.sha256 = {std::string(64, 'a')}}}};
  publisher_->reconfigure(with_policy(policy));
  publish(sighting());
  EXPECT_EQ(ended(Disposition::excepted), 1U);
  auto other = sighting(Sensor::exec);
  other.event.file.sha256.value.back() = 'b';
  publish(other);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].event.file.sha256.value, other.event.file.sha256.value);
  EXPECT_EQ(told[0].revision, 1U);
}

TEST_F(PublisherTest, KeepsWhatIsExceptedInTheStoreAlone) {
  publisher_->reconfigure(with_policy(excepting("/tmp/**")));
  EXPECT_TRUE(publish(sighting()));
  EXPECT_THAT(told, SizeIs(0));
  EXPECT_EQ(ended(Disposition::excepted), 1U);
  EXPECT_FALSE(publish(sighting()));
  EXPECT_EQ(ended(Disposition::duplicate), 1U);
  EXPECT_EQ(number("SELECT count(*) FROM finding JOIN record USING(seq) WHERE told = 0 AND "
                   "json_extract(json, '$.decision.exception.name') = 'e'"),
            1);
}

TEST_F(PublisherTest, ShowsWhatWasExceptedOnceItIsNot) {
  publisher_->reconfigure(with_policy(excepting("/tmp/**")));
  publish(sighting());
  publisher_->reconfigure(Settings{});
  publish(changed(sighting(), Sensor::exec));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].revision, 2U);
  EXPECT_TRUE(told[0].is_shown_late);
  publish(changed(sighting(), Sensor::exec));
  EXPECT_THAT(told, SizeIs(1)) << "and then it is known";
}

TEST_F(PublisherTest, ShowsWhatWasExceptedAsAFirstRecordOnce) {
  publisher_->reconfigure(with_policy(excepting("/tmp/**")));
  auto finding = open_sighting();
  publisher_->publish(finding, {});
  publisher_->reconfigure(Settings{});
  for (finding.revision = 2; finding.revision <= 3; ++finding.revision) publisher_->publish(finding, {});
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_TRUE(told[0].is_shown_late);
  EXPECT_FALSE(told[1].is_shown_late);
}

// A scan does not know the writer, by which it was excepted.
TEST_F(PublisherTest, KnowsAfterARestartWhatWasExcepted) {
  policy::Policy policy = excepting("/tmp/**");
  policy.exceptions[0].when.user = {33};
  publisher_->reconfigure(with_policy(policy));
  auto written = sighting();
  written.event.process.uid = 33;
  publish(written);
  restart();
  publisher_->reconfigure(with_policy(policy));
  EXPECT_FALSE(publish(sighting(Sensor::scan)));
  auto linked = changed(sighting(), Sensor::scan);
  linked.event.file.path = "/tmp/other";
  linked.event.file.links = 2;
  EXPECT_FALSE(publish(linked));
  EXPECT_THAT(told, SizeIs(0)) << "nor is another name of it, where it is covered";
  linked.event.file.path = "/usr/bin/x";
  publish(linked);
  EXPECT_THAT(told, SizeIs(1));
}

TEST_F(PublisherTest, ShowsWhatWasExceptedOnceItIsNotAfterARestart) {
  publisher_->reconfigure(with_policy(excepting("/tmp/**")));
  publish(sighting());
  for (int i = 0; i < 3; ++i) {
    restart();
    publish(changed(sighting(), Sensor::scan, i));
    ASSERT_THAT(told, SizeIs(1)) << "once";
  }
  EXPECT_EQ(told[0].revision, 2U);
  EXPECT_TRUE(told[0].is_shown_late);
}

TEST_F(PublisherTest, ShowsWhatLeavesThePlaceThatWasExceptedHoweverOftenItWasMovedWithin) {
  publisher_->reconfigure(with_policy(excepting("/tmp/**")));
  publish(sighting());
  for (int i = 1; i <= 70; ++i) {
    auto renamed = changed(sighting(), Sensor::upper_layer, i);
    renamed.event.file.path = "/tmp/" + std::to_string(i);
    publish(renamed);
  }
  EXPECT_THAT(told, SizeIs(0));
  auto moved = changed(sighting(), Sensor::upper_layer, 71);
  moved.event.file.path = "/usr/bin/x";
  publish(moved);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].event.file.path, "/usr/bin/x");
  EXPECT_TRUE(told[0].is_shown_late);
}

TEST_F(PublisherTest, ShowsAfterARestartWhatHasANameBesideThePlaceThatWasExcepted) {
  for (const auto place : {model::Place::rootfs, model::Place::volume}) {
    told.clear();
    auto dropped = sighting();
    dropped.event.file.inode += static_cast<unsigned>(place);
    dropped.event.file.place = place;
    publisher_->reconfigure(with_policy(excepting("/tmp/**")));
    publish(dropped);
    restart();
    publisher_->reconfigure(with_policy(excepting("/tmp/**")));
    auto linked = changed(dropped, Sensor::scan);
    linked.event.file.links = 2;
    EXPECT_FALSE(publish(linked));
    EXPECT_THAT(told, SizeIs(0));
    linked.event.file.path = "/usr/bin/x";
    EXPECT_FALSE(publish(linked));
    EXPECT_FALSE(publish(linked));
    ASSERT_THAT(told, SizeIs(1)) << "once";
    EXPECT_EQ(told[0].event.file.path, "/usr/bin/x");
    EXPECT_TRUE(told[0].is_shown_late);
  }
}

TEST_F(PublisherTest, ShowsWhatLeavesThePlaceThatWasExceptedAfterManyOthers) {
  publisher_->reconfigure(with_policy(excepting("/tmp/**")));
  publish(sighting());
  for (std::uint64_t inode = 1000; inode < 1600; ++inode) {
    auto other = sighting();
    other.event.file.inode = inode;
    publish(other);
  }
  auto linked = changed(sighting(), Sensor::scan);
  linked.event.file.links = 2;
  linked.event.file.path = "/usr/bin/x";
  publish(linked);
  EXPECT_THAT(told, SizeIs(1));
}

// Its bytes may be others by now.
TEST_F(PublisherTest, CoversByAHashNothingThatCannotBeRead) {
  policy::Policy policy = excepting("/tmp/**");
  policy.exceptions[0].when.sha256 = {std::string(64, 'a')};
  for (const bool is_restarted : {false, true}) {
    told.clear();
    auto dropped = sighting();
    dropped.event.file.inode += is_restarted ? 1 : 0;
    publisher_->reconfigure(with_policy(policy));
    publish(dropped);
    if (is_restarted) restart();
    publisher_->reconfigure(with_policy(policy));
    publish(dropped);
    EXPECT_THAT(told, SizeIs(0));
    dropped.event.file.sha256 = {{}, HashStatus::gone};
    publish(dropped);
    EXPECT_THAT(told, SizeIs(1));
  }
}

TEST_F(PublisherTest, ShowsWhatLeavesThePlaceThatWasExcepted) {
  publisher_->reconfigure(with_policy(excepting("/tmp/**")));
  publish(sighting());
  auto moved = changed(sighting(), Sensor::upper_layer);
  moved.event.file.path = "/usr/bin/x";
  publish(moved);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].event.file.path, "/usr/bin/x");
  EXPECT_TRUE(told[0].is_shown_late);
}

TEST_F(PublisherTest, TellsToTheEndOfWhatItHasShown) {
  auto finding = sighting();
  finding.is_final = false;
  publish(finding);
  publisher_->reconfigure(with_policy(excepting("/tmp/**")));
  finding.id = told[0].id;
  finding.revision = 2;
  finding.is_final = true;
  publish(finding);
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_TRUE(told[1].is_final);
  EXPECT_EQ(told[1].decision.verdict, model::Verdict::excepted);
  EXPECT_FALSE(told[1].is_shown_late);
}

TEST_F(PublisherTest, TellsNothingOfWhatWasExceptedAfterARestart) {
  publisher_->reconfigure(with_policy(excepting("/tmp/**")));
  auto open = sighting();
  open.is_final = false;
  publish(open);
  restart();
  EXPECT_TRUE(store_->take_unfinished_findings().empty());
}

class FloodTest : public PublisherTest {
 protected:
  void limit() {
    policy::Policy policy;
    policy.rate = {.per_minute = 1, .burst = 2};
    publisher_->reconfigure(with_policy(policy));
  }
  void drop(std::uint64_t inode) {
    auto finding = sighting();
    finding.event.container.name = "web\n";
    finding.event.file.kind.emplace();
    finding.event.file.inode = inode;
    finding.event.file.sha256.value = std::string(64, static_cast<char>('a' + inode));
    publish(finding);
  }
  void flood() {
    limit();
    for (std::uint64_t inode = 1; inode <= 5; ++inode) drop(inode);
  }
  void tell_summaries() {
    ASSERT_TRUE(publisher_->next_summary());
    publisher_->tell_summaries(*publisher_->next_summary());
  }
};

TEST_F(FloodTest, IsHeldBackAndSaidHowMuch) {
  flood();
  EXPECT_THAT(told, SizeIs(2));
  EXPECT_EQ(ended(Disposition::reported), 2U);
  EXPECT_EQ(ended(Disposition::held_back), 3U);
  tell_summaries();
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_EQ(told[2].decision.held_back, 3U);
  EXPECT_EQ(told[2].signature->event_name, "findings_held_back");
  EXPECT_EQ(told[2].event.container.id.value, "c");
  EXPECT_EQ(
      number("SELECT count(*) FROM record WHERE json_extract(json, '$.decision.verdict') = 'held_back'"), 3);
}

TEST_F(FloodTest, IsSummarisedAfterARestartWhereNoSummaryHasToldOfIt) {
  flood();
  restart();
  tell_summaries();
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_EQ(told[2].decision.held_back, 3U);
  EXPECT_EQ(told[2].decision.severity, told[0].decision.severity);
  EXPECT_EQ(told[2].event.container.id.value, "c");
  EXPECT_EQ(told[2].event.container.name, "web\n");
  restart();
  EXPECT_FALSE(publisher_->next_summary()) << "it is told by now";
}

TEST_F(FloodTest, IsNotSummarisedTwiceAfterARestart) {
  flood();
  tell_summaries();
  drop(6);
  drop(7);
  restart();
  tell_summaries();
  ASSERT_THAT(told, SizeIs(4));
  EXPECT_EQ(told[2].decision.held_back, 3U);
  EXPECT_EQ(told[3].decision.held_back, 2U);
}

TEST_F(FloodTest, IsSummarisedAgainWhereNoOutputHasWrittenThat) {
  flood();
  is_writing = false;
  tell_summaries();
  restart();
  is_writing = true;
  tell_summaries();
  ASSERT_THAT(told, SizeIs(4));
  EXPECT_EQ(told[3].decision.held_back, 3U);
}

}  // namespace
}  // namespace dropwarden::monitor
