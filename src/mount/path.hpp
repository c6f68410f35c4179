// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace dropwarden::mount {

// A path cut at its last slash, by its text alone. `/a/b/` is not a form that the kernel prints.
inline std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}
inline std::string_view name_in(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// What comes after `directory` in `path`, `/…` or nothing; no value where `path` is not below it.
inline std::optional<std::string_view> path_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return path == "/" ? std::string_view{} : path;
  if (!path.starts_with(directory)) return std::nullopt;
  path.remove_prefix(directory.size());
  if (!path.empty() && path.front() != '/') return std::nullopt;
  return path;
}

}  // namespace dropwarden::mount
