// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <source_location>

namespace dropwarden::util {

// Terminates the process when `holds` is false: a bug in dropwarden itself. Stays on in release builds, since
// a sensor that goes on with a broken invariant is a sensor that may be blind. Any thread.
void check(bool holds, const char* invariant, std::source_location where = std::source_location::current());

}  // namespace dropwarden::util
