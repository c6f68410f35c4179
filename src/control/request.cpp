// SPDX-License-Identifier: Apache-2.0
#include "request.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "dropwarden/util/escape.hpp"

namespace dropwarden::control {

std::expected<std::string, std::string> parse_request(std::string_view line) {
  boost::system::error_code code;
  const boost::json::value value = boost::json::parse({line.data(), line.size()}, code);
  if (code) return std::unexpected("the request is malformed JSON: " + code.message());
  const boost::json::object* object = value.if_object();
  const boost::json::value* name = object == nullptr ? nullptr : object->if_contains("request");
  if (name == nullptr || !name->is_string())
    return std::unexpected(R"(the request is not of the form {"request":"…"})");
  return std::string(name->get_string());
}

std::string format_error(std::string_view text) {
  const boost::json::object answer{{"error", util::escape(text)}};
  return boost::json::serialize(answer);
}

}  // namespace dropwarden::control
