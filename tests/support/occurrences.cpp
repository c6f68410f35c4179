// SPDX-License-Identifier: Apache-2.0
#include "occurrences.hpp"

namespace dropwarden::test {

std::size_t count_occurrences(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace dropwarden::test
