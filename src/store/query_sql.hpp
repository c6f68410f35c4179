// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dropwarden/store/reader.hpp"

#include "database.hpp"

namespace dropwarden::store {

// The SELECT for a query: of the numbers of rows. What the query asks of paths is a function of SQL that the
// caller defines. Pure.
class QuerySql {
 public:
  static constexpr const char* path_function = "is_wanted_path";

  // `workloads`: the numbers of those that are wanted; nothing: all are. The query outlives this.
  QuerySql(const Query& query, const std::optional<std::vector<std::int64_t>>& workloads);

  const std::string& text() const { return text_; }
  void bind(Statement& statement) const;
  bool is_newest_first() const { return is_newest_first_; }

 private:
  void require(const std::string& condition) { conditions_.push_back(condition); }
  void require_any(const std::string& column, const std::vector<std::string>& values);
  void require_prefix(const std::string& column, const std::string& prefix);
  std::string parameter(std::variant<std::int64_t, std::string> value);

  std::vector<std::string> conditions_;
  std::vector<std::variant<std::int64_t, std::string>> values_;
  std::string text_;
  bool is_newest_first_ = false;
};

}  // namespace dropwarden::store
