// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/layer/entry.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <utility>

namespace dropwarden::layer {
namespace {

sys::Result<Entry> with_status(sys::Fd file, privilege::OverlayAttributes attributes = {}) {
  auto status = sys::read_status(file.number());
  if (!status) return std::unexpected(std::move(status.error()));
  return Entry{std::move(file), *status, std::move(attributes)};
}

privilege::AttributeSpace space_of(const model::OverlayLayers& layers) {
  return layers.has_user_attributes ? privilege::AttributeSpace::user : privilege::AttributeSpace::trusted;
}

sys::Result<Entry> with_status(sys::Result<privilege::LayerEntry> opened) {
  if (!opened) return std::unexpected(std::move(opened.error()));
  return with_status(std::move(opened->file), std::move(opened->attributes));
}

// Adds what was opened. False at the end of the way.
bool follow(privilege::Privilege::Way opened, Way& way) {
  for (auto& entry : opened) {
    way.push_back(with_status(std::move(entry)));
    if (!way.back() || !way.back()->is_directory()) return false;
  }
  return true;
}

enum class Passed { closed, kept };

// As many names at once as may be opened. Of the parts before the last one only the end stays open, where
// what was passed is not `kept`: a way may have two thousand names.
Way walk(privilege::Privilege& privilege, const model::OverlayLayers& layers, int directory,
         std::span<const std::string> names, Passed passed) {
  Way way;
  while (true) {
    const auto part = names.first(std::min(names.size(), privilege::Privilege::max_opened));
    names = names.subspan(part.size());
    const int base = way.empty() ? directory : way.back()->file.number();
    auto opened = privilege.open_ways({base}, {part.begin(), part.end()}, space_of(layers));
    if (!follow(std::move(opened.front()), way) || names.empty()) return way;
    if (passed == Passed::kept) continue;
    for (auto& entry : std::span(way).first(way.size() - 1)) entry->file.reset();
  }
}

}  // namespace

bool Entry::is_directory() const {
  return S_ISDIR(status.mode);
}

bool Entry::is_regular() const {
  return S_ISREG(status.mode);
}

bool Entry::is_whiteout() const {
  if (S_ISCHR(status.mode)) return status.special_major == 0 && status.special_minor == 0;
  return is_regular() && status.size == 0 && attributes.whiteout;
}

sys::Result<Entry> open_entry(privilege::Privilege& privilege, int directory, const std::string& name) {
  auto file = privilege.open_entry(directory, name);
  if (!file) return std::unexpected(std::move(file.error()));
  return with_status(std::move(*file));
}

sys::Result<Entry> open_far_entry(privilege::Privilege& privilege, int directory, std::string_view path) {
  // PATH_MAX is 4096, and a name has 255 bytes at most.
  constexpr std::size_t max_part = 4095;
  sys::Fd held;
  while (true) {
    while (path.starts_with('/')) path.remove_prefix(1);
    const std::size_t end = path.size() <= max_part ? path.size() : path.rfind('/', max_part);
    if (end == std::string_view::npos)
      return std::unexpected(sys::Error{"open", std::string(path.substr(0, max_part)), ENAMETOOLONG});
    auto entry = open_entry(privilege, held ? held.number() : directory, std::string(path.substr(0, end)));
    if (!entry || end == path.size()) return entry;
    held = std::move(entry->file);
    path.remove_prefix(end);
  }
}

Way open_way(privilege::Privilege& privilege, const model::OverlayLayers& layers, int directory,
             const std::vector<std::string>& names) {
  return walk(privilege, layers, directory, names, Passed::closed);
}

std::vector<Way> open_ways(privilege::Privilege& privilege, const model::OverlayLayers& layers,
                           std::span<const int> directories, const std::vector<std::string>& names) {
  const std::size_t at_once = privilege::Privilege::max_opened / names.size();
  std::vector<Way> ways;
  while (at_once > 0 && !directories.empty()) {
    const auto part = directories.first(std::min(directories.size(), at_once));
    directories = directories.subspan(part.size());
    for (auto& opened : privilege.open_ways({part.begin(), part.end()}, names, space_of(layers)))
      follow(std::move(opened), ways.emplace_back());
  }
  for (const int directory : directories)
    ways.push_back(walk(privilege, layers, directory, names, Passed::kept));
  return ways;
}

std::vector<Siblings> open_siblings(privilege::Privilege& privilege, const model::OverlayLayers& layers,
                                    const std::vector<int>& directories,
                                    const std::vector<std::string>& names) {
  std::vector<Siblings> all;
  for (auto& opened : privilege.open_siblings(directories, names, space_of(layers))) {
    Siblings& siblings = all.emplace_back();
    for (auto& entry : opened) siblings.push_back(with_status(std::move(entry)));
  }
  return all;
}

sys::Result<void> check_upper(const model::OverlayLayers& layers, int directory) {
  if (!layers.upper) return {};
  const auto status = sys::read_cached_status(directory);
  if (!status) return std::unexpected(status.error());
  const model::Directory opened{.device = {status->device_major, status->device_minor},
                                .inode = status->inode};
  if (opened == *layers.upper) return {};
  return std::unexpected(
      sys::Error{"open another upper directory than the one that was proven", layers.upperdir, EPERM});
}

sys::Result<sys::Fd> open_upper(privilege::Privilege& privilege, const model::OverlayLayers& layers) {
  auto opened = privilege.open_layer(layers.upperdir);
  if (!opened) return opened;
  const auto checked = check_upper(layers, opened->number());
  if (!checked) return std::unexpected(checked.error());
  return opened;
}

std::vector<sys::Result<Tree>> open_trees(privilege::Privilege& privilege, const model::OverlayLayers& layers,
                                          const std::vector<privilege::TreePlace>& places,
                                          const std::vector<std::string>& names) {
  std::vector<sys::Result<Tree>> trees;
  for (auto& opened : privilege.open_trees(places, names, space_of(layers))) {
    if (!opened) {
      trees.emplace_back(std::unexpected(std::move(opened.error())));
      continue;
    }
    Tree tree{.top = std::move(opened->top), .way = {}};
    follow(std::move(opened->way), tree.way);
    trees.emplace_back(std::move(tree));
  }
  return trees;
}

}  // namespace dropwarden::layer
