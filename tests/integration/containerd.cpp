// SPDX-License-Identifier: Apache-2.0
#include "runtime_test.hpp"

namespace dropwarden::test {

const RuntimeUnderTest runtime_under_test{
    .programs = {"containerd", "ctr", "runc"}, .start = start_containerd, .removal_rounds = 200};

}  // namespace dropwarden::test
