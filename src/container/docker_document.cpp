// SPDX-License-Identifier: Apache-2.0
#include "docker_document.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/string.hpp>

namespace dropwarden::container {
namespace {

namespace json = boost::json;

bool is_hash(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

DockerDocument::DockerDocument(std::string_view text) {
  // Bytes that are no UTF-8 are escaped when they are printed: no reason to lose a container.
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  boost::system::error_code code;
  root_ = json::parse({text.data(), text.size()}, code, &arena_, options);
  if (code) problem_ = "malformed JSON: " + code.message();
}

const json::value* find(const json::value& root, std::initializer_list<std::string_view> path) {
  const json::value* at = &root;
  for (const std::string_view step : path) {
    const json::object* object = at->if_object();
    at = object == nullptr ? nullptr : object->if_contains({step.data(), step.size()});
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string_view text_of(const json::value* value) {
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view{} : std::string_view{text->data(), text->size()};
}

std::string_view text_at(const json::value& root, std::initializer_list<std::string_view> path) {
  return text_of(find(root, path));
}

const json::array* array_at(const json::value& root, std::initializer_list<std::string_view> path) {
  const json::value* value = find(root, path);
  return value == nullptr ? nullptr : value->if_array();
}

model::ContainerId to_container_id(std::string_view text) {
  return is_hash(text) ? model::ContainerId{std::string(text)} : model::ContainerId{};
}

bool is_digest(std::string_view text) {
  constexpr std::string_view prefix = "sha256:";
  return text.starts_with(prefix) && is_hash(text.substr(prefix.size()));
}

}  // namespace dropwarden::container
