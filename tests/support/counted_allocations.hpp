// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dropwarden::test {

// How often the calling thread has called `operator new` so far, in a program that has
// counted_allocations.cpp among its own sources.
long allocations();

}  // namespace dropwarden::test
