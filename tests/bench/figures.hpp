// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

namespace dropwarden::test {

// Values measured in turns with others, whose median is told, and between which two lie the middle half of
// them.
class Figure {
 public:
  void add(double value) { values_.push_back(value); }
  bool is_empty() const { return values_.empty(); }
  const std::vector<double>& values() const { return values_; }

  // Linear between the values next to it; 0 where there are none.
  double quantile(double at) const;
  double median() const { return quantile(0.5); }

  // {"median", "p25", "p75", "values"}
  boost::json::object json() const;
  // `1.03 (1.01-1.06)`, with so many digits behind the point; `-` where there are no values.
  std::string text(int digits) const;

 private:
  std::vector<double> values_;
};

// Of two figures that were measured in the same turns, value by value.
Figure ratio(const Figure& of, const Figure& to);

// Prints rows as a table in Markdown, whose columns are as wide as they need be; the first row is its head.
void print_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace dropwarden::test
