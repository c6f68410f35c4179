// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dropwarden::test {

// How often the calling thread has asked for memory (operator new), taken a lock (pthread_mutex_lock) or had
// a path looked up (openat, readlink, readlinkat), in a program that has counted_calls.cpp and
// counted_allocations.cpp among its own sources.
struct Calls {
  long allocations = 0;
  long locks = 0;
  long paths = 0;
};
Calls calls();

}  // namespace dropwarden::test
