// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dropwarden::watch {

// How often the whole program has called `operator new` so far.
long allocations();

}  // namespace dropwarden::watch
