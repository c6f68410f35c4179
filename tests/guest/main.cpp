// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "guest_test.hpp"
#include "support/guard.hpp"

int main(int argc, char** argv) {
  return dropwarden::test::run_guarded([&](const dropwarden::test::RuntimePlace& place) {
    testing::InitGoogleTest(&argc, argv);
    return dropwarden::test::GuestTest::run_all(place);
  });
}
