// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>

namespace dropwarden::cli {

// The whole program: finds the verb in the arguments, runs it and returns the exit status: 0 done, 1 failed,
// 2 wrong usage or configuration. Results go to `out`, complaints to `err`. Throws nothing that derives from
// std::exception.
int main(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace dropwarden::cli
