// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

namespace dropwarden::test {

// A root file system of Debian packages, which is made once, and fetched for that: its directory, or why
// there is none.
std::expected<std::string, std::string> make_debian();

}  // namespace dropwarden::test
