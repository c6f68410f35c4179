// SPDX-License-Identifier: Apache-2.0
#include "debian.hpp"

#include <chrono>

#include "dropwarden/util/text.hpp"

#include "support/command.hpp"

namespace dropwarden::test {

std::expected<std::string, std::string> make_debian() {
  const auto made = run_command({CORPUS_ROOT_SCRIPT}, {.limit = std::chrono::minutes(9), .environment = {}});
  if (!made.status.is_success()) return std::unexpected(made.error);
  return std::string(util::trim(made.output));
}

}  // namespace dropwarden::test
