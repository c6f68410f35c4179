// SPDX-License-Identifier: Apache-2.0
#include "query_sql.hpp"

#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dropwarden::store {
namespace {

constexpr unsigned max_severity = 4;  // critical

// The smallest text that is behind all that begin with `prefix`, byte by byte; empty: none is.
std::string behind(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace

// A plus sign keeps SQLite from looking for a column by its index: nearly all rows have such a value.
QuerySql::QuerySql(const Query& query, const std::optional<std::vector<std::int64_t>>& workloads) {
  if (query.since) require("first_seen >= " + parameter(query.since->time_since_epoch().count()));
  // One parameter, since the text of a statement is bounded.
  if (workloads) {
    const std::string list = parameter(fmt::format("[{}]", fmt::join(*workloads, ",")));
    require("workload IN (SELECT value FROM json_each(" + list + "))");
  }
  if (!query.kinds.empty()) require_any("kind", query.kinds);
  // One by one: SQLite would not believe that a range is worth the index.
  if (query.min_severity > 0) {
    std::vector<unsigned> wanted;
    for (unsigned severity = query.min_severity; severity <= max_severity; ++severity)
      wanted.push_back(severity);
    require(fmt::format("severity IN ({})", fmt::join(wanted, ",")));
  }
  // What was told is not hidden by what comes after it: a dropper may move its file to where an exception
  // covers it.
  if (query.decisions.empty())
    require("(+decision <> 'excepted' OR told > 0)");
  else
    require_any("decision", query.decisions);
  if (!query.id_prefix.empty()) require_prefix("id", query.id_prefix);
  if (!query.path_prefix.empty()) require_prefix("path", query.path_prefix);
  // Where nothing but a pattern tells rows apart, all paths are passed: in their index, which has all that is
  // asked for, and not by time row by row.
  const bool is_path_alone =
      query.is_wanted_path && query.path_prefix.empty() && conditions_.size() == 1 && !query.newest;
  if (is_path_alone) require("path >= ''");
  if (query.is_wanted_path) require(std::string(path_function) + "(path)");
  const bool is_by_change = query.after_change.has_value();
  if (is_by_change) require("change > " + parameter(*query.after_change));
  if (query.until_change) require("change <= " + parameter(*query.until_change));
  is_newest_first_ = query.newest && !is_by_change;
  const char* direction = is_newest_first_ ? " DESC" : "";
  text_ =
      fmt::format("SELECT seq FROM finding WHERE {} ORDER BY {}{}, seq{}", fmt::join(conditions_, " AND "),
                  is_by_change    ? "change"
                  : is_path_alone ? "+first_seen"
                                  : "first_seen",
                  direction, direction);
  if (query.newest) text_ += " LIMIT " + parameter(static_cast<std::int64_t>(*query.newest));
}

void QuerySql::require_any(const std::string& column, const std::vector<std::string>& values) {
  std::vector<std::string> names;
  for (const std::string& value : values) names.push_back(parameter(value));
  require(fmt::format("{} IN ({})", column, fmt::join(names, ",")));
}

void QuerySql::require_prefix(const std::string& column, const std::string& prefix) {
  require(column + " >= " + parameter(prefix));
  if (std::string end = behind(prefix); !end.empty()) require(column + " < " + parameter(std::move(end)));
}

std::string QuerySql::parameter(std::variant<std::int64_t, std::string> value) {
  values_.push_back(std::move(value));
  return fmt::format("?{}", values_.size());
}

void QuerySql::bind(Statement& statement) const {
  int number = 0;
  for (const auto& value : values_) {
    ++number;
    if (const auto* const integer = std::get_if<std::int64_t>(&value))
      statement.bind(number, *integer);
    else
      statement.bind(number, std::string_view(std::get<std::string>(value)));
  }
}

}  // namespace dropwarden::store
