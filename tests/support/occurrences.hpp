// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace dropwarden::test {

// How often `part`, which is not empty, stands in `text`.
std::size_t count_occurrences(std::string_view text, std::string_view part);

}  // namespace dropwarden::test
