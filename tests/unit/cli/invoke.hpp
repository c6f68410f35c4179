// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "dropwarden/cli/cli.hpp"

namespace dropwarden::cli {

struct Invocation {
  int status = 0;
  std::string out;
  std::string err;
};

// The program, in this process.
inline Invocation invoke(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "dropwarden");
  std::vector<const char*> argv;
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  argv.push_back(nullptr);
  std::ostringstream out;
  std::ostringstream err;
  const int status = main(static_cast<int>(arguments.size()), argv.data(), out, err);
  return {status, out.str(), err.str()};
}

}  // namespace dropwarden::cli
