// SPDX-License-Identifier: Apache-2.0
#include "support/json_fields.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <gtest/gtest.h>

namespace dropwarden::test {
namespace {

namespace json = boost::json;
using Visit = std::function<void(const std::string& path, const json::value& value)>;

const std::set<std::string> maps{"event.container.labels", "container.labels", "ledger.ended", "ledger.lost"};

std::string join(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : (std::string(path) += '.') += name;
}

void visit_fields(const json::value& value, const std::string& path, const Visit& visit) {
  if (!path.empty() && !path.ends_with("[]")) visit(path, value);
  if (value.is_object() && !maps.contains(path)) {
    for (const auto& [name, inner] : value.as_object()) visit_fields(inner, join(path, name), visit);
  }
  if (value.is_array()) {
    for (const auto& inner : value.as_array()) visit_fields(inner, path + "[]", visit);
  }
}

std::string type_of(const json::value& value) {
  if (value.is_null()) return "null";
  if (value.is_object()) return "object";
  if (value.is_array()) return "array";
  if (value.is_string()) return "string";
  return value.is_bool() ? "boolean" : "integer";
}

std::string expected_type(std::set<std::string> types) {
  const bool may_be_null = types.erase("null") != 0;
  if (types.empty()) return "null";
  std::string text;
  for (const std::string& type : types) text += (text.empty() ? "" : " or ") + type;
  return text + (may_be_null ? " or null" : "");
}

// The fields of each object, in their order.
using Order = std::map<std::string, std::vector<std::string>>;

void add_to_order(const std::string& path, Order& order) {
  const auto dot = path.rfind('.');
  auto& fields = order[dot == std::string::npos ? "" : path.substr(0, dot)];
  if (std::ranges::find(fields, path) == fields.end()) fields.push_back(path);
}

}  // namespace

void collect_fields(const json::value& value, FieldTypes& fields) {
  visit_fields(value, "", [&](const std::string& path, const json::value& field) {
    fields[path].insert(type_of(field));
  });
}

void expect_fields(const std::vector<ManItem>& items, const FieldTypes& known, const FieldTypes& unknown,
                   const std::string& place) {
  const auto type = [&](const std::string& path) {
    auto types = known.at(path);
    if (unknown.contains(path)) types.insert(unknown.at(path).begin(), unknown.at(path).end());
    return expected_type(std::move(types));
  };
  std::set<std::string> in_page;
  for (const ManItem& item : items) {
    const std::string path = item.marked("Va");
    EXPECT_TRUE(in_page.insert(path).second) << place << ": " << path << " stands there twice";
    EXPECT_FALSE(item.text.empty() && item.items.empty()) << place << ": say what " << path << " means";
    if (!known.contains(path)) {
      ADD_FAILURE() << place << ": `.It " << item.head << "` is no field: remove it";
      continue;
    }
    EXPECT_EQ(item.marked("Vt"), type(path))
        << place << ": write this type after `.It Va " << path << " : Vt`";
  }
  for (const auto& [path, types] : known) {
    if (in_page.contains(path)) continue;
    ADD_FAILURE() << place << " lacks the field " << path << ": add\n.It Va " << path << " : Vt "
                  << type(path) << "\nWhat it means, its unit, when it is null or absent.\n";
  }
}

void expect_order(const std::vector<ManItem>& items, const json::value& value, const std::string& place) {
  Order in_value;
  std::set<std::string> paths;
  visit_fields(value, "", [&](const std::string& path, const json::value& /*field*/) {
    add_to_order(path, in_value);
    paths.insert(path);
  });
  Order in_page;
  for (const ManItem& item : items) {
    if (paths.contains(item.marked("Va"))) add_to_order(item.marked("Va"), in_page);
  }
  for (const auto& [object, fields] : in_value)
    EXPECT_EQ(in_page[object], fields) << place << ": bring the fields of " << object << " into this order";
}

}  // namespace dropwarden::test
