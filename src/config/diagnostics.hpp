// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/policy/policy.hpp"

#include "source.hpp"

namespace dropwarden::config {

// Collects what is wrong with a file, so that one run shows it all. Keeps a reference to `source`.
class Diagnostics {
 public:
  explicit Diagnostics(const Source& source) : source_(source) {}

  void add(Position where, std::string_view problem, std::string_view allowed);
  // Where something stands, for messages about it later.
  policy::Written written(Position where) const;
  std::size_t count() const { return count_; }
  // ConfigError with everything added, the first 20 in full; returns when there is nothing.
  void throw_if_any() const;

 private:
  const Source& source_;
  std::vector<std::string> messages_;
  std::size_t count_ = 0;
};

}  // namespace dropwarden::config
