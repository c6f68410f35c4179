// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "support/child.hpp"

namespace dropwarden::test {

// A process of another user that has sent itself `count` descriptors and receives none, while it lives:
// nobody of that user whose RLIMIT_NOFILE is below may send any (unix(7), ETOOMANYREFS). Needs root.
class Hoarder {
 public:
  Hoarder(uid_t user, int count);

 private:
  Child child_;
};

}  // namespace dropwarden::test
