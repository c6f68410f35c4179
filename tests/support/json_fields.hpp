// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "support/man_page.hpp"

// The fields of JSON that dropwarden prints, by their paths as jq(1) writes them without the first dot:
// `args[].name`. A manual page has one item `.It Va PATH : Vt TYPE` for each.
namespace dropwarden::test {

// What a field was seen to be: `string`, `integer`, `boolean`, `array`, `object`, `null`.
using FieldTypes = std::map<std::string, std::set<std::string>>;

// Adds the fields of `value`. The keys of a map, whatever it is about, are no fields: `labels`, `ended`,
// `lost`.
void collect_fields(const boost::json::value& value, FieldTypes& fields);

// Complains, with what to write, unless `items` are the fields of `known`, each once, with its type: that of
// `known`, "or null" where it is null in `unknown`.
void expect_fields(const std::vector<ManItem>& items, const FieldTypes& known, const FieldTypes& unknown,
                   const std::string& place);

// Complains unless the fields of each object of `value` stand among `items` in the same order.
void expect_order(const std::vector<ManItem>& items, const boost::json::value& value,
                  const std::string& place);

}  // namespace dropwarden::test
