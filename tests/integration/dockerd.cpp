// SPDX-License-Identifier: Apache-2.0
#include "runtime_test.hpp"

namespace dropwarden::test {

const RuntimeUnderTest runtime_under_test{
    .programs = {"dockerd", "docker", "runc"}, .start = start_dockerd, .removal_rounds = 200};

}  // namespace dropwarden::test
