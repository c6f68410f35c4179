// SPDX-License-Identifier: Apache-2.0
#include "upper_places.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "dropwarden/privilege/places.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::monitor {

sys::Result<std::string> read_path_by_handle(const sys::Result<sys::Fd>& opened) {
  if (opened) return sys::read_descriptor_path(opened->number());
  if (privilege::is_outside(opened.error())) return opened.error().object;
  return std::unexpected(opened.error());
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.ends_with('/')) path += '/';
  while (name.starts_with('/')) name.remove_prefix(1);
  return path.append(name);
}

UpperPlaces::UpperPlaces(const std::vector<UpperPlace>& places, std::vector<UpperFileSystem> file_systems)
    : file_systems_(std::move(file_systems)) {
  // A volume that several containers share is any one's, as the host writes it.
  for (const bool is_of_host : {true, false}) {
    for (const UpperPlace& place : places) {
      if (place.is_of_host == is_of_host) by_directory_.try_emplace(place.directory, place);
    }
  }
  std::ranges::copy_if(places, std::back_inserter(proven_),
                       [](const UpperPlace& place) { return place.proven.has_value(); });
}

std::optional<UpperPlaces::Found> UpperPlaces::find(std::string_view path) const {
  if (!path.starts_with('/')) return std::nullopt;
  std::string_view directory = path;
  while (true) {
    const auto found = by_directory_.find(directory.empty() ? std::string_view("/") : directory);
    if (found != by_directory_.end()) {
      const std::string_view rest = path.substr(directory.size());
      const std::string& top = found->second.container_path;
      return Found{.place = &found->second, .path = rest.empty() ? top : join_path(top, rest)};
    }
    if (directory.size() <= 1) return std::nullopt;
    directory = directory.substr(0, directory.rfind('/'));
  }
}

const UpperFileSystem* UpperPlaces::find(model::FileSystemId id) const {
  const auto found = std::ranges::find(file_systems_, id, &UpperFileSystem::id);
  return found == file_systems_.end() ? nullptr : &*found;
}

}  // namespace dropwarden::monitor
