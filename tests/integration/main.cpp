// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include <gtest/gtest.h>

#include "runtime_test.hpp"
#include "support/guard.hpp"

// `integration-runtime RUNTIME [gtest options]`.
int main(int argc, char** argv) {
  using namespace dropwarden::test;
  const auto runtime = parse_runtime_under_test(argc > 1 ? argv[1] : "");
  if (!runtime) {
    std::cerr << "usage: integration-runtime RUNTIME [options of GoogleTest]; see runtime_under_test.hpp\n";
    return 2;
  }
  return run_guarded([&](const RuntimePlace& place) {
    testing::InitGoogleTest(&argc, argv);
    return RuntimeTest::run_all(*runtime, place);
  });
}
