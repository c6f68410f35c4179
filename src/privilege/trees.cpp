// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <iterator>

#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::privilege {

// By the methods that do one half each, so that what checks those checks this.
std::vector<sys::Result<Tree>> Privilege::open_trees(const std::vector<TreePlace>& places,
                                                     const std::vector<std::string>& names,
                                                     AttributeSpace space) {
  std::vector<sys::Result<Tree>> trees;
  if (places.size() * (names.size() + 1) > max_opened) {
    for (const TreePlace& place : places)
      trees.emplace_back(std::unexpected(sys::Error{"open", place.directory, EMFILE}));
    return trees;
  }
  std::vector<std::string> directories;
  std::ranges::transform(places, std::back_inserter(directories), &TreePlace::directory);
  std::vector<int> tops;
  std::vector<std::size_t> followed;
  for (auto& top : open_layers(directories)) {
    if (!top) {
      trees.emplace_back(std::unexpected(std::move(top.error())));
      continue;
    }
    const std::size_t i = trees.size();
    trees.emplace_back(Tree{.top = std::move(*top), .way = {}});
    const int number = trees.back()->top.number();
    // Asks no file system.
    const auto mount = sys::read_mount_id(number);
    if (!mount || *mount != places[i].mount_id) continue;
    tops.push_back(number);
    followed.push_back(i);
  }
  if (tops.empty() || names.empty()) return trees;
  auto ways = open_ways(tops, names, space);
  for (std::size_t i = 0; i < followed.size(); ++i) trees[followed[i]]->way = std::move(ways[i]);
  return trees;
}

}  // namespace dropwarden::privilege
