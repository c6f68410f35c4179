// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace dropwarden::test {

// A program in `directory` to be called in place of `oci_runtime` (runc, crun). Where cgroup2 offers no
// controllers, because version 1 holds them, it takes the limits out of a container's specification: both
// would fail at a limit that they cannot set. Needs bash and jq. Returns its path.
std::string make_frugal_oci_runtime(const std::string& directory, const std::string& oci_runtime);

}  // namespace dropwarden::test
