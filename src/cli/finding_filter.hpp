// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "dropwarden/store/reader.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::cli {

// Which findings are meant, as options say it: `findings`, `watch` and `report` have the same.
struct FindingFilter {
  std::string since;
  std::vector<std::string> containers;
  std::vector<std::string> images;
  std::vector<std::string> pods;
  std::vector<std::string> kinds;
  std::vector<std::string> paths;
  std::vector<std::string> decisions;
  std::string severity;
};

void add_filter_options(CLI::App& verb, FindingFilter& filter);

// Throws config::ConfigError for what is none: a time, a kind.
store::Query to_query(const FindingFilter& filter, util::WallTime now);

// `2h` before `now`, a day `2026-11-27`, or RFC 3339. Pure.
std::optional<util::WallTime> parse_since(std::string_view text, util::WallTime now);

// Whether a shell pattern (glob(7)) fits all of `text`; `*` stands for slashes, too. Both are escaped. Pure.
bool matches(const std::string& pattern, const std::string& text);
// What all that a pattern fits begins with. Pure.
std::string literal_prefix(std::string_view pattern);

}  // namespace dropwarden::cli
