// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include "dropwarden/model/ids.hpp"

namespace dropwarden::container {

// One JSON text, parsed; its values live as long as it does. Pure. Nesting is bounded by Boost's default
// of 32.
class DockerDocument {
 public:
  explicit DockerDocument(std::string_view text);

  const boost::json::value& root() const { return root_; }
  // Why there is nothing but null; empty when all is well.
  const std::string& problem() const { return problem_; }

 private:
  boost::json::monotonic_resource arena_;
  boost::json::value root_;
  std::string problem_;
};

// The member reached by `path`, or nothing where a step is missing or no object.
const boost::json::value* find(const boost::json::value& root, std::initializer_list<std::string_view> path);

// Empty where there is no value, or none of that type. The views live as long as the document.
std::string_view text_of(const boost::json::value* value);
std::string_view text_at(const boost::json::value& root, std::initializer_list<std::string_view> path);
const boost::json::array* array_at(const boost::json::value& root,
                                   std::initializer_list<std::string_view> path);

// 64 lower-case hexadecimal digits, or empty. Strict: an ID becomes part of the next request's target.
model::ContainerId to_container_id(std::string_view text);

// `sha256:` and 64 lower-case hexadecimal digits.
bool is_digest(std::string_view text);

}  // namespace dropwarden::container
