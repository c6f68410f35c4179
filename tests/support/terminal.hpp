// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace dropwarden::test {

// All that a program prints whose standard output and standard error are a terminal of its own, 200 columns
// wide, until its end; or until it has printed nothing for 30 s. Throws sys::SystemError.
std::string print_on_a_terminal(const std::vector<std::string>& arguments);

}  // namespace dropwarden::test
