// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "box_test.hpp"
#include "support/guard.hpp"

int main(int argc, char** argv) {
  using namespace dropwarden::test;
  return run_guarded([&](const RuntimePlace& place) {
    testing::InitGoogleTest(&argc, argv);
    BoxTest::set_place(place);
    return RUN_ALL_TESTS();
  });
}
