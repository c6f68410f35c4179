// SPDX-License-Identifier: Apache-2.0
#include "runtime_test.hpp"

namespace dropwarden::test {

const RuntimeUnderTest runtime_under_test{
    .programs = {"podman", "conmon", "runc"}, .start = start_podman, .removal_rounds = 50};

}  // namespace dropwarden::test
