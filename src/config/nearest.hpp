// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dropwarden::config {

// Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other.
std::size_t edit_distance(std::string_view from, std::string_view to);

// The candidate that `word` most likely is a misspelling of: at most a third of its letters are wrong.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace dropwarden::config
