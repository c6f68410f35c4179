// SPDX-License-Identifier: Apache-2.0
#include "monitor/open_findings.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// Remembers what was published as `revision:status:metadata:hash`; the container is known when `container`
// says so.
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
  std::vector<std::string> published;
  OpenFindings::Clock::time_point now{};
  OpenFindings open{[this](model::Finding& finding, const EventIdentity&) {
                      published.push_back(text_of(finding));
                      return is_wanted;
                    },
                    [this](model::Finding& finding, const EventIdentity&) {
                      finding.event.container.id = {container};
                      return container_awaited;
                    }};
};

TEST_F(OpenFindingsTest, PublishesOnceAndFinalWhenAllIsKnown) {
  container = "c";
  open.add(1, {}, {}, {}, now);
  EXPECT_THAT(published, ElementsAre("1:final:c::"));
  EXPECT_EQ(open.next_deadline(), std::nullopt);
}

TEST_F(OpenFindingsTest, WaitsForTheProcessBeforeTheFirstRevision) {
  open.add(1, {}, {}, {.process = true}, now);
  EXPECT_TRUE(published.empty());
  model::ProcessInfo process;
  process.name = "cp";
  open.on_process(1, process);
  EXPECT_THAT(published, ElementsAre("1:final::cp:"));
}

TEST_F(OpenFindingsTest, GoesOutWithoutAProcessThatKeepsItsFactsBack) {
  open.add(1, {}, {}, {.process = true}, now);
  ASSERT_TRUE(open.next_deadline());
  open.expire(*open.next_deadline());
  EXPECT_THAT(published, ElementsAre("1:final:::"));
  open.on_process(1, {});
  EXPECT_EQ(published.size(), 1U);
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
  container_awaited = {.container = true, .metadata = true};
  open.add(1, {}, {}, {}, now);
  open.on_containers();
  EXPECT_TRUE(published.empty());
  container = "c";
  container_awaited = {.container = false, .metadata = true};
  open.on_containers();
  EXPECT_THAT(published, ElementsAre("1:open:c::"));
  container_awaited = {};
  open.on_containers();
  EXPECT_THAT(published, ElementsAre("1:open:c::", "2:final:c::"));
}

TEST_F(OpenFindingsTest, IsFinalAtTheDeadlineWithWhatThereIs) {
  container_awaited = {.container = true, .metadata = true};
  open.add(1, {}, {}, {}, now);
  open.expire(now + 1s);
  EXPECT_TRUE(published.empty());
  open.expire(*open.next_deadline());
  EXPECT_THAT(published, ElementsAre("1:final:::"));
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
      [](model::Finding&, const EventIdentity&) { return OpenFindings::ContainerAwaited{}; });
  findings.add(1, {}, {}, {.origin = true}, now);
  ASSERT_TRUE(findings.next_deadline());
  EXPECT_LE(*findings.next_deadline() - now, 500ms);
  findings.expire(*findings.next_deadline());
  EXPECT_EQ(findings.next_deadline(), std::nullopt);
  findings.on_origin(1, model::Origin::unchanged);
  EXPECT_THAT(published, ElementsAre("1:open:::", "2:final:::"));
  EXPECT_THAT(origins, ElementsAre(model::Origin::unknown, model::Origin::unchanged));
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

}  // namespace
}  // namespace dropwarden::monitor
