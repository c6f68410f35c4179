// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "box.hpp"
#include "support/daemon.hpp"

namespace dropwarden::test {

// Takes FAN_CLOSE_WRITE off the daemon's marks on the four places of the container, behind its back: with a
// duplicate of its groups (pidfd_getfd(2)). Sensor A is the one that cannot be switched off. What else a mark
// is for stays. Throws std::runtime_error when a place had no such mark.
void take_close_marks(const Daemon& daemon, const Box& box);

}  // namespace dropwarden::test
