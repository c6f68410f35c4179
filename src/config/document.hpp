// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "diagnostics.hpp"
#include "source.hpp"

namespace dropwarden::config {

enum class NodeKind { null, scalar, list, mapping };

// A value of a YAML file and where it stands. Keys and values of a mapping alternate in `children`, in the
// order of the file and with every duplicate, which the node tree of yaml-cpp would hide.
struct Node {
  NodeKind kind = NodeKind::null;
  Position at;
  std::string text;       // of a scalar
  bool is_plain = false;  // a scalar without quotes
  std::vector<Node> children;
};

// The only document of a file; a null node for an empty file. Adds to `diagnostics` and returns nothing when
// the text is not YAML or uses what a configuration does not need: several documents, anchors and aliases,
// tags, more than 16 levels, more than 200 000 values, characters that do not show.
std::optional<Node> parse_document(const Source& source, Diagnostics& diagnostics);

}  // namespace dropwarden::config
