// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dropwarden::sink {

// Columns of a terminal that `text` takes, wcwidth(3): UTF-8 without control characters.
std::size_t columns_of(std::string_view text);

// `text` in at most `columns`: what is too much is taken out of it and stands as one `…`, with more of the
// end kept than of the beginning, since names tell more there (file name, pid).
std::string fit(std::string_view text, std::size_t columns);

// `text` and spaces up to `columns`.
std::string pad(std::string text, std::size_t columns);

}  // namespace dropwarden::sink
