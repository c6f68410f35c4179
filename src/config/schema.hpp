// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/config/config.hpp"

#include "diagnostics.hpp"
#include "document.hpp"

namespace dropwarden::config {

struct Scalar {
  std::string_view text;
  bool is_plain = true;  // without quotes
};

// What is wrong, or nothing.
using Problem = std::optional<std::string>;

// A `list_by_itself` has elements with keys of their own, which its `read` knows.
enum class Shape { value, mapping, list_of_mappings, list_by_itself };

// One key that a configuration may have. Only what belongs to its shape is set.
struct Key {
  std::string path;  // `runtimes.sockets.type`: an element of a list adds no part
  Shape shape = Shape::value;
  std::string allowed;
  bool is_required = false;  // in its mapping

  std::function<Problem(Config&, const Scalar&)> set{};  // of a value; inside a list, in the last element
  std::function<void(Config&, std::size_t)> resize{};    // of a list: to as many elements
  std::size_t max_elements = 0;                          // of a list
  std::function<void(const Node&, Config&, Diagnostics&)> read{};  // of a list by itself
  std::function<Problem(const Config&)> check{};  // of a mapping or list, when all of it has been read
};

// Every key there is. The parser, the error messages and the test of conf/dropwarden.yaml all go by this.
const std::vector<Key>& schema();

// Null when there is no such key.
const Key* find_key(std::string_view path);
// The keys of one mapping, the whole file for an empty path.
std::vector<const Key*> keys_of(std::string_view mapping_path);
// `type` of `runtimes.sockets.type`.
std::string_view last_part(std::string_view path);

}  // namespace dropwarden::config
