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

// A process of root without any capability, like a container's, that holds all fanotify groups that root may
// have (fs.fanotify.max_user_groups), also those that others give back, while it lives. Needs root, and
// Linux 5.13.
class GroupHoarder {
 public:
  GroupHoarder();

 private:
  Child child_;
};

}  // namespace dropwarden::test
