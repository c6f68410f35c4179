// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "support/runtime.hpp"

namespace dropwarden::test {

// Runs `body` in a child process and returns its exit status; `body` gets a place for a runtime. However the
// child ends, by itself, by a crash, or by a signal to this process (SIGTERM, SIGINT, SIGHUP), this process
// then ends what it left running, unmounts what it left mounted, and removes directory and cgroups. Processes
// are found by parentage: this process adopts all orphans of the child (PR_SET_CHILD_SUBREAPER, prctl(2)),
// such as shims and conmon, so it ends nothing that the test did not start. For `main`, before there are
// threads; the signals stay blocked afterwards.
int run_guarded(const std::function<int(const RuntimePlace& place)>& body);

// The same for all tests of a program, once `place` has been set. For `main`.
int run_tests_guarded(int argc, char** argv, RuntimePlace& place);

}  // namespace dropwarden::test
