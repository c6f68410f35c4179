// SPDX-License-Identifier: Apache-2.0
#include "support/runtime.hpp"

namespace dropwarden::test {

std::vector<std::string> command_at(const RuntimePlace& place, std::vector<std::string> arguments) {
  if (place.mount_namespace.empty()) return arguments;
  arguments.insert(arguments.begin(), {"nsenter", "--mount=" + place.mount_namespace, "--"});
  return arguments;
}

}  // namespace dropwarden::test
