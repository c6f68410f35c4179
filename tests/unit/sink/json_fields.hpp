// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

// The fields of a JSON value, by their paths as jq(1) writes them without the first dot: `args[].name`.
namespace dropwarden::sink {

namespace json = boost::json;
using Words = std::set<std::string>;

inline std::string type_of(const json::value& value) {
  if (value.is_null()) return "null";
  if (value.is_object()) return "object";
  if (value.is_array()) return "array";
  if (value.is_string()) return "string";
  return value.is_bool() ? "boolean" : "integer";
}

inline std::string join(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : (std::string(path) += '.') += name;
}

// The types that each field has. Labels have keys of their own.
using Types = std::map<std::string, Words>;

inline void collect_types(const json::value& value, const std::string& path, Types& types) {
  if (!path.empty() && !path.ends_with("[]")) types[path].insert(type_of(value));
  if (value.is_object() && path != "event.container.labels") {
    for (const auto& [name, inner] : value.as_object()) collect_types(inner, join(path, name), types);
  }
  if (value.is_array()) {
    for (const auto& inner : value.as_array()) collect_types(inner, path + "[]", types);
  }
}

// As the page writes it, of a field whose types are those of `known` and `unknown`.
inline std::string expected_type(const Words& known, const Words& unknown) {
  Words types = known;
  types.insert(unknown.begin(), unknown.end());
  const bool may_be_null = types.erase("null") != 0;
  std::string text;
  for (const std::string& type : types) text += (text.empty() ? "" : " or ") + type;
  return text + (may_be_null ? " or null" : "");
}

// The fields of each object, in their order.
using Order = std::map<std::string, std::vector<std::string>>;

inline void add_to_order(const std::string& path, Order& order) {
  const auto dot = path.rfind('.');
  auto& fields = order[dot == std::string::npos ? "" : path.substr(0, dot)];
  if (std::ranges::find(fields, path) == fields.end()) fields.push_back(path);
}

inline void collect_order(const json::value& value, const std::string& path, Order& order) {
  if (!path.empty() && !path.ends_with("[]")) add_to_order(path, order);
  if (value.is_object() && path != "event.container.labels") {
    for (const auto& [name, inner] : value.as_object()) collect_order(inner, join(path, name), order);
  }
  if (value.is_array()) {
    for (const auto& inner : value.as_array()) collect_order(inner, path + "[]", order);
  }
}

}  // namespace dropwarden::sink
