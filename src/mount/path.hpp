// SPDX-License-Identifier: Apache-2.0
#pragma once

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

}  // namespace dropwarden::mount
