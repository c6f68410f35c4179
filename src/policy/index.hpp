// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dropwarden/policy/policy.hpp"

#include "matcher.hpp"

namespace dropwarden::policy {

// Many sets of conditions, of which the first that matches is looked for. Each is filed once, by a condition
// that most findings fail and that is found by a look into a table: a hash, the directory or the whole of a
// path, the image, the container, the namespace. What has none of these is asked every time. So the cost of a
// finding goes by how many could match it, and at worst by how many there are. Immutable once it is filled.
class Index {
 public:
  // The numbers of `add` count from 0.
  void add(const Conditions& conditions);
  // The first that matches and is `wanted`.
  template <class Wanted>
  std::optional<std::size_t> find(const Facts& facts, Wanted wanted) const {
    for (const std::uint32_t number : candidates(facts)) {
      if (wanted(number) && matchers_[number].matches(facts)) return number;
    }
    return std::nullopt;
  }
  std::size_t size() const { return matchers_.size(); }
  // How many conditions a finding would be held against: what the filing saves.
  std::size_t count_candidates(const Facts& facts) const { return candidates(facts).size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Numbers = std::vector<std::uint32_t>;
  using Table = std::unordered_map<std::string, Numbers, Hash, std::equal_to<>>;

  bool file_by_path(const std::vector<std::string>& patterns, std::uint32_t number);
  Numbers candidates(const Facts& facts) const;

  std::vector<Matcher> matchers_;
  Table by_sha256_, by_path_, by_directory_, by_image_, by_container_, by_namespace_;
  Numbers others_;
};

}  // namespace dropwarden::policy
