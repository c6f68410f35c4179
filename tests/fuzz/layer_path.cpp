// SPDX-License-Identifier: Apache-2.0
// The path of a file in an overlay and, behind a line feed, the attribute `redirect` of it: a container may
// write both (overlayfs's userxattr). No name may lead out of the directory it is looked for in.
#include <algorithm>

#include "dropwarden/layer/path.hpp"
#include "dropwarden/util/text.hpp"

#include "input.hpp"

namespace {

using dropwarden::fuzz::require;
using dropwarden::layer::Path;

void require_sound(const Path& path) {
  std::string joined;
  for (const std::string& name : path) {
    require(!name.empty() && name != "." && name != "..");
    require(!name.contains('/') && !name.contains('\0'));
    joined += "/" + name;
  }
  const auto again = dropwarden::layer::parse_path(joined);
  require(again && *again == path);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  std::string_view redirect = fuzz::text_of(data, size);
  const auto path = layer::parse_path(util::take_until(redirect, '\n'));
  if (!path) return 0;
  require_sound(*path);
  const auto redirected = layer::redirect_path(*path, redirect);
  if (!redirected) return 0;
  require_sound(*redirected);
  // A name alone stays in the directory.
  if (redirect.starts_with('/')) return 0;
  require(redirected->size() == path->size());
  require(std::equal(path->begin(), path->end() - 1, redirected->begin()));
  return 0;
}
