// SPDX-License-Identifier: Apache-2.0
#include "manifest_schema.hpp"

#include <fstream>
#include <initializer_list>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include <yaml-cpp/yaml.h>

namespace dropwarden::test {
namespace {

// `first` and what follows, as one.
std::string text_of(std::string first, std::initializer_list<std::string_view> rest) {
  for (const auto part : rest) first += part;
  return first;
}

const std::set<std::string> scalars{"string", "int", "bool", "quantity", "int-or-string", "strings", "any"};

// What a scalar is to YAML 1.1, which Kubernetes' clients read: yaml-cpp has `!` as the tag of what is
// quoted.
enum class Scalar { text, integer, boolean, null, number };
Scalar kind_of(const YAML::Node& node) {
  if (node.IsNull()) return Scalar::null;
  if (node.Tag() == "!") return Scalar::text;
  const std::string& text = node.Scalar();
  if (std::regex_match(text, std::regex("[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+|0o?[0-7]+")))
    return Scalar::integer;
  if (std::regex_match(
          text, std::regex("[-+]?([0-9]*\\.[0-9]+|[0-9]+\\.)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+")))
    return Scalar::number;
  if (std::regex_match(text, std::regex("true|false|yes|no|on|off|y|n", std::regex::icase)))
    return Scalar::boolean;
  if (std::regex_match(text, std::regex("~|null|", std::regex::icase))) return Scalar::null;
  return Scalar::text;
}

bool is_quantity(const YAML::Node& node) {
  static const std::regex form("[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?");
  return node.IsScalar() && std::regex_match(node.Scalar(), form);
}

bool is_boolean(const YAML::Node& node) {
  return node.IsScalar() && kind_of(node) == Scalar::boolean &&
         (node.Scalar() == "true" || node.Scalar() == "false");
}

bool is_one_of(const std::string& text, const std::string& words) {
  std::istringstream in(words);
  for (std::string word; std::getline(in, word, '|');)
    if (word == text) return true;
  return false;
}

bool is_scalar_of(const YAML::Node& node, const std::string& type) {
  if (type == "any") return true;
  if (type == "quantity") return is_quantity(node);
  if (type == "bool") return is_boolean(node);
  if (!node.IsScalar()) return false;
  const Scalar kind = kind_of(node);
  if (type == "int") return kind == Scalar::integer;
  if (type == "int-or-string") return kind == Scalar::integer || kind == Scalar::text;
  return kind == Scalar::text && (type == "string" || is_one_of(node.Scalar(), type));
}

}  // namespace

ManifestSchema::ManifestSchema(const std::string& file) {
  std::ifstream in(file);
  Fields* fields = nullptr;
  std::vector<std::string> used;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string first;
    std::string second;
    std::string third;
    words >> first >> second >> third;
    const bool is_field = line.starts_with("  ");
    if (first == "kind" && !is_field && !third.empty()) {
      kinds_[second].api_version = third;
      fields = &kinds_[second].fields;
    } else if (first == "type" && !is_field && !second.empty()) {
      fields = &types_[second];
    } else if (fields != nullptr && is_field && !second.empty() && third.empty()) {
      const bool is_required = first.ends_with('!');
      if (is_required) first.pop_back();
      fields->emplace(first, Field{second, is_required});
      used.push_back(second.ends_with("[]") ? second.substr(0, second.size() - 2) : second);
    } else {
      throw std::runtime_error(text_of(file, {": cannot be understood: ", line}));
    }
  }
  for (const auto& type : used) {
    // A word that begins small or a list of words is a type by itself.
    const bool is_known = scalars.contains(type) || types_.contains(type) ||
                          type.find('|') != std::string::npos || type == "Memory";
    if (!is_known) throw std::runtime_error(text_of(file, {": there is no type ", type}));
  }
  if (kinds_.empty()) throw std::runtime_error(file + ": names nothing");
}

std::vector<std::string> ManifestSchema::problems_of(const YAML::Node& object) const {
  if (!object.IsMap() || !object["kind"] || !object["apiVersion"])
    return {"no object with kind and apiVersion"};
  const auto name = object["kind"].as<std::string>();
  const auto kind = kinds_.find(name);
  if (kind == kinds_.end()) return {"kind " + name + " is not known"};
  std::vector<std::string> problems;
  if (object["apiVersion"].as<std::string>() != kind->second.api_version)
    problems.push_back(name + ".apiVersion: should be " + kind->second.api_version);
  Fields fields = kind->second.fields;
  fields.emplace("kind", Field{"string", true});
  fields.emplace("apiVersion", Field{"string", true});
  check_fields(object, fields, name, problems);
  return problems;
}

void ManifestSchema::check_fields(const YAML::Node& node, const Fields& fields, const std::string& place,
                                  std::vector<std::string>& problems) const {
  if (!node.IsMap()) {
    problems.push_back(place + ": should be a mapping");
    return;
  }
  std::set<std::string> seen;
  for (const auto& pair : node) {
    const auto name = pair.first.as<std::string>();
    if (!seen.insert(name).second) problems.push_back(text_of(place, {".", name, ": stands there twice"}));
    const auto field = fields.find(name);
    if (field == fields.end()) {
      problems.push_back(text_of(place, {".", name, ": is not known"}));
    } else {
      check(pair.second, field->second.type, text_of(place, {".", name}), problems);
    }
  }
  for (const auto& [name, field] : fields)
    if (field.is_required && !seen.contains(name))
      problems.push_back(text_of(place, {".", name, ": is missing"}));
}

void ManifestSchema::check(const YAML::Node& node, const std::string& type, const std::string& place,
                           std::vector<std::string>& problems) const {
  if (type.ends_with("[]")) {
    if (!node.IsSequence()) {
      problems.push_back(place + ": should be a list");
      return;
    }
    for (std::size_t i = 0; i < node.size(); ++i)
      check(node[i], type.substr(0, type.size() - 2), text_of(place, {"[", std::to_string(i), "]"}),
            problems);
  } else if (const auto known = types_.find(type); known != types_.end()) {
    check_fields(node, known->second, place, problems);
  } else if (type == "strings") {
    if (!node.IsMap()) problems.push_back(place + ": should be a mapping");
    for (const auto& pair : node)
      check(pair.second, "string", text_of(place, {".", pair.first.as<std::string>()}), problems);
  } else if (!is_scalar_of(node, type)) {
    problems.push_back(place + ": should be " + type);
  }
}

}  // namespace dropwarden::test
