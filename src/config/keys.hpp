// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema.hpp"

namespace dropwarden::config {

// One function a kind of value: each makes the setter and the text of what is allowed from the same limits.
// `Where` finds the value in a configuration.
template <class T>
using Where = std::function<T&(Config&)>;

Key bool_key(std::string path, Where<bool> where);
Key count_key(std::string path, std::size_t min, std::size_t max, Where<std::size_t> where);
Key size_key(std::string path, std::uint64_t min, std::uint64_t max, Where<std::uint64_t> where);
Key duration_key(std::string path, std::chrono::milliseconds min, std::chrono::milliseconds max,
                 Where<std::chrono::milliseconds> where);
// The same, or `off`: then it is 0.
Key duration_or_off_key(std::string path, std::chrono::milliseconds min, std::chrono::milliseconds max,
                        Where<std::chrono::milliseconds> where);
// The path of a unix socket, unix(7).
Key socket_key(std::string path, Where<std::string> where);
// An address to listen on by TCP, or none: then it is empty.
Key listen_key(std::string path, Where<std::string> where);
// The file of a database, or none: then the path is empty.
Key directory_key(std::string path, Where<std::string> where);
Key database_key(std::string path, Where<std::string> where);
// An absolute path, or none: then it is empty.
Key path_key(std::string path, Where<std::string> where);
// The URL of a server, or none: then it is empty.
Key url_key(std::string path, Where<std::string> where);
// A short name of letters, digits, `-` and `_`, or auto: then it is empty.
Key name_key(std::string path, Where<std::string> where);
Key syslog_address_key(std::string path, Where<SyslogAddress> where);
Key facility_key(std::string path, Where<unsigned> where);
Key format_key(std::string path, Where<Output> where);

std::string quote(std::string_view text);
std::string join(const std::vector<std::string>& words);

template <class T>
Key choice_key(std::string path, std::vector<std::pair<std::string, T>> choices, Where<T> where) {
  std::vector<std::string> names;
  for (const auto& choice : choices) names.push_back(choice.first);
  return Key{.path = std::move(path),
             .shape = Shape::value,
             .allowed = join(names),
             .set = [choices, where](Config& config, const Scalar& scalar) -> Problem {
               for (const auto& [name, value] : choices) {
                 if (scalar.text != name) continue;
                 where(config) = value;
                 return std::nullopt;
               }
               return quote(scalar.text) + " is not known";
             }};
}

}  // namespace dropwarden::config
