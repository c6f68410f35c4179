// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace dropwarden::test {

// Why a test of a runtime cannot run here: `SKIP privilege: …` or `SKIP runtime: …`, for GTEST_SKIP. Empty
// when all is there: root with CAP_SYS_ADMIN, a static /bin/busybox, and `programs` in PATH.
std::string missing_requirement(const std::vector<const char*>& programs);

}  // namespace dropwarden::test
