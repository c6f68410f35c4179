// SPDX-License-Identifier: Apache-2.0
#include "node_name.hpp"

#include <array>
#include <unistd.h>

namespace dropwarden::daemon {

std::string node_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace dropwarden::daemon
