// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/layer/trees.hpp"

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

// Owns O_PATH descriptors of directories at the top of layers. Must not own one inside a container.
namespace dropwarden::layer {

Trees::Trees(privilege::Privilege& privilege, std::shared_ptr<const model::OverlayLayers> layers,
             std::shared_ptr<const ReadableMounts> mounts)
    : privilege_(privilege), layers_(std::move(layers)), mounts_(std::move(mounts)) {}

sys::Result<std::optional<Way>> Trees::follow_upper(const Path& path) {
  if (layers_->upperdir.empty()) return std::nullopt;
  if (!std::exchange(is_asked_, true)) ask_together(path);
  if (upper_way_) return std::exchange(upper_way_, std::nullopt);
  if (auto opened = open_upper(); !opened) return std::unexpected(std::move(opened.error()));
  if (!upper_ || !upper_->is_readable) return std::nullopt;
  return open_way(privilege_, *layers_, upper_->directory.number(), path);
}

std::optional<Entry> Trees::open_upper_directory(const Path& path) {
  auto way = path.empty() ? sys::Result<std::optional<Way>>{} : follow_upper(path);
  if (!way || !*way || (*way)->size() != path.size()) return std::nullopt;
  const auto is_in_place = [](const sys::Result<Entry>& entry) {
    return entry && entry->is_directory() && !entry->attributes.redirect;
  };
  if (!std::ranges::all_of(**way, is_in_place)) return std::nullopt;
  return std::move(*(*way)->back());
}

// What fails here, or lies on another mount than the table says, is left to be asked for by itself.
void Trees::ask_together(const Path& path) {
  const std::size_t lower = count_lower();
  if ((lower + 1) * (path.size() + 1) > privilege::Privilege::max_opened) return;
  std::vector<privilege::TreePlace> places;
  const auto add = [&](const std::string& directory) {
    const auto mount = mounts_->find(directory);
    if (mount) places.push_back({.directory = directory, .mount_id = mount->value});
  };
  add(layers_->upperdir);
  for (const std::string& directory : std::span(layers_->lowerdirs).first(lower)) add(directory);
  if (places.size() != lower + 1) return;

  auto trees = open_trees(privilege_, *layers_, places, path);
  const auto is_whole = [](const auto& tree) { return tree && !tree->way.empty(); };
  if (is_whole(trees.front()) && check_upper(*layers_, trees.front()->top.number())) {
    upper_ = Top{.directory = std::move(trees.front()->top), .is_readable = true};
    upper_way_ = std::move(trees.front()->way);
  }
  const std::span below = std::span(trees).subspan(1);
  if (!std::ranges::all_of(below, is_whole)) return;
  ahead_ = Ahead{.names = path, .ways = {}};
  for (auto& tree : below) {
    ahead_->ways.emplace(lower_.size(), std::move(tree->way));
    lower_.push_back({.directory = std::move(tree->top), .is_readable = true});
  }
}

sys::Result<void> Trees::open_upper() {
  if (upper_) return {};
  auto directory = layer::open_upper(privilege_, *layers_);
  if (!directory && directory.error().number == ENOENT) return {};  // the container was removed
  if (!directory) return std::unexpected(std::move(directory.error()));
  const auto mount = sys::read_mount_id(directory->number());
  upper_ = Top{.directory = std::move(*directory), .is_readable = mount && mounts_->contains({*mount})};
  return {};
}

std::optional<sys::FileStatus> Trees::upper_status() const {
  if (!upper_ || !upper_->is_readable) return std::nullopt;
  const auto status = sys::read_status(upper_->directory.number());
  return status ? std::optional(*status) : std::nullopt;
}

sys::Result<std::vector<Trees::Top>> Trees::take_lower() {
  const std::size_t named = count_lower();
  while (lower_.size() < named) {
    const auto rest = std::span(layers_->lowerdirs).first(named).subspan(lower_.size());
    const auto part = rest.first(std::min(rest.size(), privilege::Privilege::max_opened));
    for (auto& top : privilege_.open_layers({part.begin(), part.end()})) {
      if (!top) return std::unexpected(std::move(top.error()));
      const auto mount = sys::read_mount_id(top->number());
      if (!mount) return std::unexpected(mount.error());
      lower_.push_back({.directory = std::move(*top), .is_readable = mounts_->contains({*mount})});
    }
  }
  return std::exchange(lower_, {});
}

}  // namespace dropwarden::layer
