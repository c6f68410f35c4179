// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/store/reader.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::cli::report {

// What a page is about.
struct Contents {
  std::string database;  // its path
  util::WallTime made;
  std::vector<store::FoundFinding> findings;  // the oldest first
  std::size_t left_out = 0;                   // older ones that are not on it
};

// One page of HTML that needs nothing else: its Content-Security-Policy forbids all but the style and the
// script in it, by their hashes, so that a browser loads nothing and runs nothing that a name in a container
// could have brought in. Text is escaped for terminals already and once more for HTML. Pure.
std::string make_page(const Contents& contents);

// Fit for text and for attributes in double quotes (HTML, 13.2.5).
std::string escape_html(std::string_view text);

}  // namespace dropwarden::cli::report
