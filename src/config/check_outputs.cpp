// SPDX-License-Identifier: Apache-2.0
#include "check_outputs.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "keys.hpp"

namespace dropwarden::config {
namespace {

// A key that outputs of some types alone have, and whether it is given.
struct OwnKey {
  const char* name;
  bool (*is_set)(const Output&);
  std::initializer_list<OutputType> types;
};

template <auto Member>
bool is_changed(const Output& output) {
  return output.*Member != Output{}.*Member;
}

const std::array own_keys{
    OwnKey{"events", is_changed<&Output::events>, {OutputType::standard_output}},
    OwnKey{"path", is_changed<&Output::path>, {OutputType::file, OutputType::unix_socket}},
    OwnKey{"rotate_size", is_changed<&Output::rotate_size>, {OutputType::file}},
    OwnKey{"rotate_age", is_changed<&Output::rotate_age>, {OutputType::file}},
    OwnKey{"rotate_keep", is_changed<&Output::rotate_keep>, {OutputType::file}},
    OwnKey{"address", is_changed<&Output::address>, {OutputType::syslog}},
    OwnKey{"facility", is_changed<&Output::facility>, {OutputType::syslog}},
    OwnKey{"url", is_changed<&Output::url>, {OutputType::webhook}},
    OwnKey{"ca_file", is_changed<&Output::ca_file>, {OutputType::webhook}},
    OwnKey{"certificate_file", is_changed<&Output::certificate_file>, {OutputType::webhook}},
    OwnKey{"key_file", is_changed<&Output::key_file>, {OutputType::webhook}},
    OwnKey{"headers_file", is_changed<&Output::headers_file>, {OutputType::webhook}},
    OwnKey{"compress", is_changed<&Output::compress>, {OutputType::webhook}},
    OwnKey{"batch", is_changed<&Output::batch>, {OutputType::webhook}},
    OwnKey{"timeout", is_changed<&Output::timeout>, {OutputType::webhook}},
};

Problem check(const Output& output) {
  const std::string type = name_of(output.type);
  const std::string who = "output " + quote(effective_name(output)) + " (" + type + ")";
  for (const OwnKey& key : own_keys) {
    if (key.is_set(output) && std::ranges::find(key.types, output.type) == key.types.end())
      return who + " has no " + key.name;
  }
  const bool needs_path = output.type == OutputType::file || output.type == OutputType::unix_socket;
  if (needs_path && output.path.empty()) return who + " lacks a path";
  if (output.type == OutputType::webhook && output.url.empty()) return who + " lacks a url";
  if (output.certificate_file.empty() != output.key_file.empty())
    return who + " needs certificate_file and key_file, or neither";
  return std::nullopt;
}

}  // namespace

Problem check_outputs(const Config& config) {
  if (config.outputs.empty()) return "findings would go nowhere: there must be an output";
  const auto is_stdout = [](const Output& output) { return output.type == OutputType::standard_output; };
  // Two writers would cut each other's lines.
  if (std::ranges::count_if(config.outputs, is_stdout) > 1) return "standard output is listed twice";
  std::set<std::string> names;
  std::set<std::string> files;
  for (const Output& output : config.outputs) {
    if (auto problem = check(output)) return problem;
    const std::string name = effective_name(output);
    if (!names.insert(name).second) return "two outputs are named " + quote(name) + ": give each its name";
    if (output.type == OutputType::file && !files.insert(output.path).second)
      return "two outputs write the file " + quote(output.path);
  }
  return std::nullopt;
}

}  // namespace dropwarden::config
