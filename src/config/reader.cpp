// SPDX-License-Identifier: Apache-2.0
#include "reader.hpp"

#include <map>

#include "keys.hpp"
#include "nearest.hpp"
#include "schema.hpp"

namespace dropwarden::config {
namespace {

const char* name_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::null:
      return "empty";
    case NodeKind::scalar:
      return "a single value";
    case NodeKind::list:
      return "a list";
    case NodeKind::mapping:
      break;
  }
  return "a mapping";
}

class Reader {
 public:
  Reader(Config& config, Diagnostics& diagnostics) : config_(config), diagnostics_(diagnostics) {}

  void read_mapping(const Node& mapping, const std::string& path) {
    std::map<std::string, Position> seen;
    for (std::size_t i = 0; i + 1 < mapping.children.size(); i += 2) {
      const Node& name = mapping.children[i];
      const Key* key = find_child(name, path);
      if (key == nullptr) continue;
      const auto [first, is_new] = seen.emplace(name.text, name.at);
      if (is_new) {
        read_key(*key, name, mapping.children[i + 1]);
      } else {
        diagnostics_.add(
            name.at, key->path + " is set a second time, first on line " + std::to_string(first->second.line),
            "each key once");
      }
    }
    for (const Key* key : keys_of(path)) {
      const std::string name(last_part(key->path));
      if (key->is_required && !seen.contains(name)) {
        diagnostics_.add(mapping.at, key->path + " is missing", key->allowed);
      }
    }
  }

 private:
  const Key* find_child(const Node& name, const std::string& path) {
    const std::string place = path.empty() ? "the file" : path;
    std::vector<std::string> names;
    for (const Key* key : keys_of(path)) names.emplace_back(last_part(key->path));
    if (name.kind != NodeKind::scalar) {
      diagnostics_.add(name.at, std::string("a key of ") + place + " is " + name_of(name.kind), join(names));
      return nullptr;
    }
    // A dot in a name would reach into another mapping.
    const Key* key = name.text.find('.') == std::string::npos
                         ? find_key(path.empty() ? name.text : path + "." + name.text)
                         : nullptr;
    if (key != nullptr) return key;
    std::string problem = "unknown key " + quote(name.text) + " in " + place;
    if (const auto guess = nearest(name.text, names)) problem += ", did you mean " + *guess + "?";
    diagnostics_.add(name.at, problem, join(names));
    return nullptr;
  }

  void read_key(const Key& key, const Node& name, const Node& value) {
    const std::size_t errors_before = diagnostics_.count();
    const auto reject = [&](const std::string& problem) {
      // yaml-cpp places an empty value where the next thing begins.
      diagnostics_.add(value.kind == NodeKind::null ? name.at : value.at, problem, key.allowed);
    };
    const auto reject_kind = [&] { reject(key.path + " is " + name_of(value.kind)); };
    switch (key.shape) {
      case Shape::value:
        if (value.kind != NodeKind::scalar) return reject_kind();
        if (const Problem problem = key.set(config_, {value.text, value.is_plain}))
          reject(key.path + ": " + *problem);
        return;
      case Shape::mapping:
        // A section all of whose keys are commented out.
        if (value.kind == NodeKind::null) return;
        if (value.kind != NodeKind::mapping) return reject_kind();
        read_mapping(value, key.path);
        break;
      case Shape::list_by_itself:
        key.read(value, config_, diagnostics_);
        break;
      case Shape::list_of_mappings:
        if (value.kind != NodeKind::list) return reject_kind();
        if (value.children.size() > key.max_elements) return reject(key.path + " is too long");
        read_list(key, value);
        break;
    }
    if (!key.check || diagnostics_.count() != errors_before) return;
    if (const Problem problem = key.check(config_))
      diagnostics_.add(name.at, key.path + ": " + *problem, key.allowed);
  }

  void read_list(const Key& key, const Node& list) {
    key.resize(config_, 0);
    for (std::size_t i = 0; i < list.children.size(); ++i) {
      key.resize(config_, i + 1);
      const Node& element = list.children[i];
      if (element.kind == NodeKind::mapping) {
        read_mapping(element, key.path);
      } else {
        const Position at = element.kind == NodeKind::null ? list.at : element.at;
        diagnostics_.add(at, "an element of " + key.path + " is " + name_of(element.kind), key.allowed);
      }
    }
  }

  Config& config_;
  Diagnostics& diagnostics_;
};

}  // namespace

void read_config(const Node& root, Config& config, Diagnostics& diagnostics) {
  if (root.kind == NodeKind::null) return;
  if (root.kind != NodeKind::mapping) {
    diagnostics.add(root.at, std::string("the file is ") + name_of(root.kind), "a mapping of keys to values");
    return;
  }
  Reader(config, diagnostics).read_mapping(root, "");
}

}  // namespace dropwarden::config
