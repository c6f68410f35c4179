// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dropwarden::test {

// From now on the calling thread, and what it starts, has no openat2(2): as in a unit of systemd with
// RestrictSUIDSGID=, or under an old profile of a container runtime. For a thread of the test's own. Throws
// sys::SystemError.
void hide_openat2();

}  // namespace dropwarden::test
