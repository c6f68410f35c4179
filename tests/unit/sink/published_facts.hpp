// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "dropwarden/model/finding.hpp"

#include "every_kind.hpp"
#include "sample.hpp"

// What the publisher of a format says of its fields, as data, and a check of what dropwarden prints against
// it.
namespace dropwarden::sink {

enum class FieldType { integer, boolean, text, rfc3339, object };

struct PublishedField {
  FieldType type = FieldType::text;
  bool is_list = false;
};

// By path as jq(1) writes it, without `[]` and without the first dot. A path that ends in `.*` stands for all
// below.
using PublishedFields = std::map<std::string, PublishedField>;

inline bool is_of_type(const boost::json::value& value, FieldType type) {
  switch (type) {
    case FieldType::integer:
      return value.is_int64() || value.is_uint64();
    case FieldType::boolean:
      return value.is_bool();
    case FieldType::text:
      return value.is_string();
    case FieldType::rfc3339:
      return value.is_string() && util::parse_rfc3339(value.as_string()).has_value();
    case FieldType::object:
      return value.is_object();
  }
  return false;
}

inline void expect_published(const boost::json::value& value, const std::string& path,
                             const PublishedFields& published);

inline void expect_published_field(const boost::json::value& value, const std::string& path,
                                   const PublishedFields& published) {
  const auto field = published.find(path);
  if (field == published.end()) {
    // An object that holds published fields is one itself.
    if (value.is_object()) return expect_published(value, path, published);
    ADD_FAILURE() << "no published field: " << path;
    return;
  }
  const bool is_list = field->second.is_list;
  EXPECT_EQ(value.is_array(), is_list) << path;
  if (!value.is_array()) {
    EXPECT_TRUE(is_of_type(value, field->second.type)) << path << ": " << value;
    if (value.is_object()) expect_published(value, path, published);
    return;
  }
  EXPECT_FALSE(value.as_array().empty()) << path;
  for (const auto& element : value.as_array()) {
    EXPECT_TRUE(is_of_type(element, field->second.type)) << path << ": " << element;
    if (element.is_object()) expect_published(element, path, published);
  }
}

// Each field of the object `value` is published, with its type.
inline void expect_published(const boost::json::value& value, const std::string& path,
                             const PublishedFields& published) {
  for (const auto& pair : value.as_object()) {
    std::string inner = path;
    inner += path.empty() ? "" : ".";
    const bool is_free = published.contains(inner + "*");
    inner += pair.key();
    if (!is_free) expect_published_field(pair.value(), inner, published);
  }
}

// Complains unless each of `required` is in each object of the list or object that it is in, where that is
// there: `file.name` where there is a `file`.
inline void expect_required(const boost::json::value& value, const std::vector<std::string>& required) {
  for (const std::string& path : required) {
    std::vector<const boost::json::value*> places{&value};
    std::string_view rest = path;
    while (rest.find('.') != std::string_view::npos) {
      const std::string_view part = rest.substr(0, rest.find('.'));
      rest.remove_prefix(part.size() + 1);
      std::vector<const boost::json::value*> inner;
      for (const auto* place : places) {
        const auto* found = place->as_object().if_contains(part);
        if (found == nullptr) continue;
        if (!found->is_array()) {
          inner.push_back(found);
          continue;
        }
        for (const auto& element : found->as_array()) inner.push_back(&element);
      }
      places = inner;
    }
    for (const auto* place : places) EXPECT_TRUE(place->as_object().contains(rest)) << path << " is missing";
  }
}

// Findings of every kind, with all known and with nothing known, and those that a container has made to
// break out of its record.
inline std::vector<model::Finding> telling_findings() {
  std::vector<model::Finding> findings;
  for (const KindSample& kind : every_kind()) {
    findings.push_back(sample_finding());
    findings.back().event.file.kind = kind.known;
    findings.emplace_back().event.file.kind = kind.unknown;
  }
  findings.emplace_back();
  findings.emplace_back().event.container.pod.emplace();
  const std::string hostile = "/a\n\"},{|=\\\x1b[2J\xff\xe2\x80\xae ]#%{{.}}\t\x7f";
  model::Finding& worst = findings.emplace_back(sample_finding());
  worst.event.file.path = worst.event.process.name = worst.event.process.exe = hostile;
  worst.event.process.command_line = {hostile, hostile};
  worst.event.container.name = worst.event.container.image.name = hostile;
  worst.event.container.labels = {{hostile, hostile}, {"a.b", ""}};
  worst.event.container.pod = model::Pod{hostile, hostile, hostile};
  worst.event.process.ancestors = {{{1}, hostile, hostile}};
  model::Finding& longest = findings.emplace_back(sample_finding());
  const std::string huge(std::size_t{1} << 16U, '\x01');
  longest.event.file.path = longest.event.process.exe = huge;
  longest.event.process.command_line.assign(64, huge);
  longest.event.container.name = longest.event.container.image.name = huge;
  for (int i = 0; i < 300; ++i) longest.event.container.labels.emplace(std::to_string(i), huge);
  return findings;
}

}  // namespace dropwarden::sink
