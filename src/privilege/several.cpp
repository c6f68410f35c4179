// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include "dropwarden/privilege/privilege.hpp"

// Several things by one question: each by the method for one, so that what checks that checks this.
namespace dropwarden::privilege {
namespace {

template <class Thing, class Open>
std::vector<sys::Result<sys::Fd>> open_each(const std::vector<Thing>& things, const Open& open) {
  std::vector<sys::Result<sys::Fd>> opened;
  opened.reserve(things.size());
  for (const Thing& thing : things) {
    if (opened.size() < Privilege::max_opened)
      opened.push_back(open(thing));
    else
      opened.emplace_back(std::unexpected(sys::Error{"open", "more than one question is answered", EMFILE}));
  }
  return opened;
}

}  // namespace

std::vector<sys::Result<sys::Fd>> Privilege::open_by_handles(int mount,
                                                             const std::vector<sys::FileHandle>& handles) {
  return open_each(handles, [&](const sys::FileHandle& handle) { return open_by_handle(mount, handle); });
}

std::vector<sys::Result<sys::Fd>> Privilege::open_files_by_handles(
    int mount, const std::vector<sys::FileHandle>& handles) {
  return open_each(handles,
                   [&](const sys::FileHandle& handle) { return open_file_by_handle(mount, handle); });
}

std::vector<sys::Result<sys::Fd>> Privilege::open_layers(const std::vector<std::string>& directories) {
  return open_each(directories, [&](const std::string& directory) { return open_layer(directory); });
}

std::vector<sys::Result<sys::Fd>> Privilege::open_regular_files(int directory,
                                                                const std::vector<std::string>& names) {
  return open_each(names, [&](const std::string& name) {
    auto entry = open_entry(directory, name);
    return entry ? open_regular_file(entry->number()) : std::move(entry);
  });
}

std::vector<Siblings> Privilege::open_siblings(const std::vector<int>& directories,
                                               const std::vector<std::string>& names, AttributeSpace space) {
  std::vector<Siblings> found(directories.size());
  for (const std::string& name : names) {
    if (directories.size() * names.size() > max_opened) {
      const sys::Error too_many{"open", name, EMFILE};
      for (Siblings& siblings : found) siblings.emplace_back(std::unexpected(too_many));
      continue;
    }
    auto ways = open_ways(directories, {name}, space);
    for (std::size_t i = 0; i < found.size(); ++i) found[i].push_back(std::move(ways[i].front()));
  }
  return found;
}

}  // namespace dropwarden::privilege
