// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/layer/path.hpp"

#include <cerrno>

#include "dropwarden/util/text.hpp"

namespace dropwarden::layer {
namespace {

std::unexpected<sys::Error> invalid(std::string_view path) {
  return std::unexpected(sys::Error{"overlay path", std::string(path), EINVAL});
}

bool is_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

}  // namespace

sys::Result<Path> parse_path(std::string_view path) {
  Path names;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view name = util::take_until(rest, '/');
    if (name.empty()) continue;
    if (!is_name(name)) return invalid(path);
    names.emplace_back(name);
  }
  return names;
}

sys::Result<Path> redirect_path(Path path, std::string_view redirect) {
  if (redirect.starts_with('/')) return parse_path(redirect);
  if (path.empty() || !is_name(redirect)) return invalid(redirect);
  path.back() = redirect;
  return path;
}

}  // namespace dropwarden::layer
