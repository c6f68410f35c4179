// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/ledger.hpp"

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

TEST(Ledger, BalancesWhenEachReceivedEventHasEnded) {
  Ledger ledger;
  EXPECT_TRUE(ledger.is_balanced());
  ledger.receive();
  EXPECT_FALSE(ledger.is_balanced());
  ledger.end(model::Disposition::not_executable);
  EXPECT_TRUE(ledger.is_balanced());
}

TEST(Ledger, KeepsLossesOutOfTheSum) {
  Ledger ledger;
  ledger.lose(model::Loss::queue_overflow);
  EXPECT_TRUE(ledger.is_balanced());
  EXPECT_EQ(ledger.losses(), 1U);
}

TEST(Ledger, PrintsWhatIsNotZero) {
  Ledger ledger;
  ledger.receive();
  ledger.receive();
  ledger.end(model::Disposition::reported);
  ledger.end(model::Disposition::not_executable);
  EXPECT_EQ(ledger.text(), "received=2 reported=1 not_executable=1 lost=0");
  ledger.lose(model::Loss::lease);
  EXPECT_EQ(ledger.text(), "received=2 reported=1 not_executable=1 lost=1 lost_lease=1");
}

}  // namespace
}  // namespace dropwarden::monitor
