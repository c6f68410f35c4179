// SPDX-License-Identifier: Apache-2.0
#include "node_name.hpp"

#include <array>
#include <cstdlib>
#include <unistd.h>

namespace dropwarden::daemon {

std::string node_name() {
  // A pod has a host name of its own; Kubernetes can say the node's (fieldRef spec.nodeName).
  const char* const told = std::getenv("NODE_NAME");
  if (told != nullptr && *told != '\0') return told;
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace dropwarden::daemon
