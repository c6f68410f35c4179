// SPDX-License-Identifier: Apache-2.0
#include "monitor/fair_turns.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

using Waiting = FairTurns::Waiting;

constexpr FairTurns::Clock::time_point start{1h};
const std::string one = "one";
const std::string other = "other";
const std::string third = "third";

TEST(FairTurns, AreTakenByContainersInTurn) {
  FairTurns turns;
  const std::vector<Waiting> waiting{{one, start}, {one, start + 1s}, {one, start + 2s}, {other, start + 9s}};
  EXPECT_THAT(turns.take(waiting, 3), ElementsAre(0, 3, 1));
  EXPECT_THAT(turns.take({{one, start}, {other, start + 9s}}, 1), ElementsAre(1));
}

TEST(FairTurns, AreOfAContainerInTheOrderInWhichItWaits) {
  FairTurns turns;
  EXPECT_THAT(turns.take({{one, start + 2s}, {one, start}, {one, start + 1s}}, 8), ElementsAre(1, 2, 0));
}

TEST(FairTurns, AreNotGivenToAContainerThatIsNewBeforeOneThatWaits) {
  FairTurns turns;
  turns.take({{one, start}, {other, start + 1s}}, 1);
  EXPECT_THAT(turns.take({{third, start + 3s}, {other, start + 1s}}, 1), ElementsAre(1));
  EXPECT_THAT(turns.take({{third, start + 3s}, {other, start + 4s}}, 1), ElementsAre(0));
}

TEST(FairTurns, AreForgottenWithTheirContainer) {
  FairTurns turns;
  EXPECT_THAT(turns.take({}, 8), IsEmpty());
  turns.take({{one, start}, {other, start + 1s}}, 2);
  turns.retain([](const std::string& container) { return container == other; });
  // The turn of the other was the last one, as a new one's is.
  EXPECT_THAT(turns.take({{one, start + 2s}, {other, start + 1s}}, 1), ElementsAre(1));
}

}  // namespace
}  // namespace dropwarden::monitor
