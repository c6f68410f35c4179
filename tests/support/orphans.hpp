// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dropwarden::test {

// Makes this process the parent of what its children leave behind (shims, conmon; PR_SET_CHILD_SUBREAPER,
// prctl(2)), and ends all of that in the destructor. So a test leaves nothing running, and ends nothing that
// it did not start. Lives around every ChildProcess and every runtime: what is still a child of this process
// at the end is an orphan.
class Orphans {
 public:
  Orphans();
  ~Orphans();
  Orphans(const Orphans&) = delete;
  Orphans& operator=(const Orphans&) = delete;
};

}  // namespace dropwarden::test
