// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/record.hpp"

namespace dropwarden::test {

// Executables that were put into containers on purpose, and what the monitors that ran one after the other
// said of each. One thread.
class Plants {
 public:
  // Each once.
  void add(const std::string& container_id, const std::string& path);
  void see(const std::vector<Record>& records);

  std::size_t planted() const { return planted_.size(); }
  std::size_t seen() const { return planted_.size() - awaited_.size(); }
  // Those in this container of which nobody has told yet.
  std::vector<std::string> awaited_in(const std::string& container_id) const;
  // A line for each that no finding tells of, and each of which findings with several ids do.
  std::vector<std::string> faults() const;

 private:
  using Place = std::pair<std::string, std::string>;  // container, path
  // By id what the first record said of it, of what nobody planted too.
  std::map<Place, std::map<std::string, std::string>> told_;
  std::set<Place> planted_;
  std::set<Place> awaited_;  // planted and not told
};

}  // namespace dropwarden::test
