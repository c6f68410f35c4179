// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

namespace YAML {
class Node;
}

namespace dropwarden::test {

// tests/packages/kubernetes/fields: which fields objects of the Kubernetes API have, and of which types.
class ManifestSchema {
 public:
  // Throws std::runtime_error for a line that it does not understand or a type that is not there.
  explicit ManifestSchema(const std::string& file);

  // What is wrong with an object, each with its place; empty: nothing.
  std::vector<std::string> problems_of(const YAML::Node& object) const;

 private:
  struct Field {
    std::string type;
    bool is_required = false;
  };
  using Fields = std::map<std::string, Field>;
  struct Kind {
    std::string api_version;
    Fields fields;
  };

  void check_fields(const YAML::Node& node, const Fields& fields, const std::string& place,
                    std::vector<std::string>& problems) const;
  void check(const YAML::Node& node, const std::string& type, const std::string& place,
             std::vector<std::string>& problems) const;

  std::map<std::string, Kind> kinds_;
  std::map<std::string, Fields> types_;
};

}  // namespace dropwarden::test
