// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dropwarden::test {

// What is promised of one method at one place.
struct Promise {
  // `finding`: the first of `sensors` that is active there shows it; none of them active, nobody does.
  // `harmless`: no finding, from whatever sensor. `limit`: nobody can see it. `chance`: seen when it is read
  // in time, else counted. `untried`: the method makes no sense there.
  enum class Kind { finding, harmless, limit, chance, untried };
  Kind kind = Kind::untried;
  std::vector<std::string> sensors;
};

// One line of the table.
struct Expectation {
  std::string method;
  std::map<std::string, Promise> at;  // by place
  // Sensors of which any, active, gives a record with the path that the file has in the end. `*`: always, and
  // empty: it has none then.
  std::set<std::string> named_by;
  std::set<std::string> needs;  // file systems that have it; `kernel`: not every kernel has it; empty: all do
  std::string about;

  // Whether it is to be tried at this place, where the layers are on `file_system`.
  bool is_tried(const std::string& place, const std::string& file_system) const;
};

// The file tests/coverage/expectations: what it says of itself is its format. Throws std::runtime_error with
// the line's number.
std::vector<Expectation> parse_expectations(std::string_view text);
std::vector<Expectation> read_expectations();

}  // namespace dropwarden::test
