// SPDX-License-Identifier: Apache-2.0
#include "figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <boost/json/array.hpp>
#include <fmt/format.h>

namespace dropwarden::test {

double Figure::quantile(double at) const {
  if (values_.empty()) return 0;
  std::vector<double> sorted = values_;
  std::ranges::sort(sorted);
  const double place = at * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

boost::json::object Figure::json() const {
  return {{"median", median()},
          {"p25", quantile(0.25)},
          {"p75", quantile(0.75)},
          {"values", boost::json::array(values_.begin(), values_.end())}};
}

std::string Figure::text(int digits) const {
  if (values_.empty()) return "-";
  if (values_.size() == 1) return fmt::format("{:.{}f}", median(), digits);
  return fmt::format("{:.{}f} ({:.{}f}-{:.{}f})", median(), digits, quantile(0.25), digits, quantile(0.75),
                     digits);
}

Figure ratio(const Figure& of, const Figure& to) {
  Figure result;
  const std::size_t count = std::min(of.values().size(), to.values().size());
  for (std::size_t i = 0; i < count; ++i) {
    if (to.values()[i] > 0) result.add(of.values()[i] / to.values()[i]);
  }
  return result;
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 3);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  bool is_head = true;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) fmt::print("| {:<{}} ", row[i], widths[i]);
    fmt::print("|\n");
    if (!is_head) continue;
    is_head = false;
    for (const std::size_t width : widths) fmt::print("|{:-<{}}", "", width + 2);
    fmt::print("|\n");
  }
}

}  // namespace dropwarden::test
