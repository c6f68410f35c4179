// SPDX-License-Identifier: Apache-2.0
#include "report_text.hpp"

namespace dropwarden::cli {

namespace json = boost::json;

std::string text_of(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

std::string join(const json::value& words, std::string_view separator) {
  std::string text;
  if (!words.is_array()) return text;
  for (const auto& word : words.as_array())
    text.append(text.empty() ? std::string_view{} : separator).append(word.as_string());
  return text;
}

std::string to_the_second(const std::string& time) {
  constexpr std::size_t seconds = 19;
  return time.substr(0, seconds) + "Z";
}

}  // namespace dropwarden::cli
