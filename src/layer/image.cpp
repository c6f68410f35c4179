// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/layer/image.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <span>
#include <utility>

// Owns O_PATH descriptors of directories in layers. Must not own one inside a container: those pin its mount.
namespace dropwarden::layer {

// Descriptors that are held at once of what is asked for ahead.
constexpr std::size_t max_ahead = 512;

// A directory as one layer has it. Of one that is not read, the root stands for whatever there may be.
struct Image::Directory {
  std::size_t layer = 0;
  std::shared_ptr<const Entry> entry;
  bool is_readable = true;
  std::optional<std::size_t> reached{};  // by how many of the names ahead
};

// What is looked for on the way down, and what the layers so far said about it (`ovl_lookup_data`).
struct Image::Target {
  Path path;  // a name in the parent, or a path from the roots
  bool is_from_root = false;
  bool is_directory = false;
  bool is_metacopy = false;
  bool is_redirected_from_root = false;  // by the entry found last
  bool stops = false;
};

// Directories of one name, merged, or what is no directory.
struct Image::Found {
  Stack directories;
  std::optional<ImageEntry> entry;
};

Image::Image(privilege::Privilege& privilege, std::shared_ptr<const model::OverlayLayers> layers,
             std::shared_ptr<const ReadableMounts> mounts)
    : privilege_(privilege), mounts_(mounts), trees_(privilege, std::move(layers), std::move(mounts)) {}

Image::~Image() = default;

sys::Result<std::optional<ImageEntry>> Image::find(const Path& path) {
  if (auto opened = open_roots(); !opened) return std::unexpected(std::move(opened.error()));
  if (path.empty()) return std::nullopt;
  const Path above{path.begin(), std::prev(path.end())};
  look_ahead(path);
  auto found = find_ahead(above, path.back());
  ahead_ = {};
  return found;
}

// The upper directory and the layers answer for one moment, as they do for a path by itself: what comes later
// changes the file, and is seen by its status.
std::size_t Image::foresee(const Path& directory, std::vector<std::string> names) {
  foreseen_.clear();
  if (!has_parent_ || parent_path_ != directory) return 0;
  std::vector<int> directories;
  for (const Directory& lower : parent_) {
    if (!lower.is_readable) break;
    directories.push_back(lower.entry->file.number());
  }
  names.resize(std::min(names.size(), privilege::Privilege::max_opened / (directories.size() + 1)));
  if (names.size() < 2) return 0;
  const auto upper = trees_.open_upper_directory(directory);
  if (!upper) return 0;
  directories.insert(directories.begin(), upper->file.number());
  auto found = open_siblings(privilege_, layers(), directories, names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    Ahead ahead{.names = {names[i]}, .ways = {}};
    for (std::size_t j = 1; j < found.size(); ++j)
      ahead.ways[parent_[j - 1].layer].push_back(std::move(found[j][i]));
    Path path = directory;
    path.push_back(names[i]);
    foreseen_.insert_or_assign(std::move(path),
                               Foreseen{.upper = std::move(found[0][i]), .ahead = std::move(ahead)});
  }
  return names.size();
}

std::optional<sys::Result<Entry>> Image::take_upper(const Path& path) {
  const auto known = foreseen_.find(path);
  return known == foreseen_.end() ? std::nullopt : std::exchange(known->second.upper, std::nullopt);
}

bool Image::take_foreseen(const Path& path) {
  const auto known = foreseen_.find(path);
  if (known == foreseen_.end()) return false;
  ahead_ = std::move(known->second.ahead);
  foreseen_.erase(known);
  for (Directory& directory : parent_) directory.reached = 0;
  return true;
}

void Image::look_ahead(const Path& path) {
  if (take_foreseen(path)) return;
  auto known = trees_.take_ahead();
  if (known && known->names == path) {
    for (Directory& root : roots_) root.reached = 0;
    ahead_ = std::move(*known);
    return;
  }
  const bool is_in_parent =
      has_parent_ && std::ranges::equal(parent_path_, std::span(path).first(path.size() - 1));
  if (is_in_parent)
    ask_ahead(parent_, {path.back()});
  else
    ask_ahead(roots_, path);
}

// Each layer is asked for the whole way, since a question takes longer than its answer; what a redirect leads
// elsewhere is asked for again.
void Image::ask_ahead(Stack& from, const Path& names) {
  std::vector<int> directories;
  for (Directory& directory : from) {
    if (!directory.is_readable) break;
    directory.reached = 0;
    directories.push_back(directory.entry->file.number());
  }
  if (directories.empty()) return;
  const std::size_t count = std::clamp<std::size_t>(max_ahead / directories.size(), 1, names.size());
  ahead_.names = {names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count)};
  std::size_t i = 0;
  for (Way& way : open_ways(privilege_, layers(), directories, ahead_.names))
    ahead_.ways.emplace(from[i++].layer, std::move(way));
}

// The names of a redirect are others than those that were asked for.
bool Image::is_step_ahead(const Directory& directory, const std::string& name) const {
  return directory.reached && *directory.reached < ahead_.names.size() &&
         ahead_.names[*directory.reached] == name;
}

std::optional<sys::Result<Entry>> Image::take_ahead(const Directory& directory, const std::string& name) {
  const auto way = ahead_.ways.find(directory.layer);
  if (!is_step_ahead(directory, name) || way == ahead_.ways.end() || *directory.reached >= way->second.size())
    return std::nullopt;
  return std::exchange(way->second[*directory.reached],
                       std::unexpected(sys::Error{"open", "layer entry that is taken", ESTALE}));
}

sys::Result<std::optional<ImageEntry>> Image::find_ahead(const Path& above, const std::string& name) {
  const auto parent = open_parent(above);
  if (!parent) return std::unexpected(parent.error());
  auto found = look_up(**parent, name);
  if (!found) return std::unexpected(std::move(found.error()));
  if (found->entry || found->directories.empty()) return std::move(found->entry);
  const Directory& uppermost = found->directories.front();
  if (!uppermost.is_readable) return std::unexpected(not_read(uppermost.layer));
  return ImageEntry{.entry = {.file = {}, .status = uppermost.entry->status}, .data = {}};
}

sys::Error Image::not_read(std::size_t layer) const {
  return {"layer", layers().lowerdirs[layer], ENOTSUP};
}

sys::Result<void> Image::open_roots() {
  if (!roots_.empty()) return {};
  auto tops = trees_.take_lower();
  if (!tops) return std::unexpected(std::move(tops.error()));
  for (Trees::Top& top : *tops) {
    roots_.push_back({.layer = roots_.size(),
                      .entry = std::make_shared<const Entry>(std::move(top.directory), sys::FileStatus{}),
                      .is_readable = top.is_readable});
  }
  return {};
}

// The directories that are merged at `path`, none where it is no directory of the image.
sys::Result<const Image::Stack*> Image::open_parent(const Path& path) {
  if (has_parent_ && parent_path_ == path) return &parent_;
  has_parent_ = false;
  Stack stack = roots_;
  for (const std::string& name : path) {
    auto found = look_up(stack, name);
    if (!found) return std::unexpected(std::move(found.error()));
    stack = std::move(found->directories);
    if (stack.empty()) break;
  }
  parent_ = std::move(stack);
  parent_path_ = path;
  has_parent_ = true;
  return &parent_;
}

sys::Result<Image::Found> Image::look_up(const Stack& parent, const std::string& name) {
  Target target{.path = {name}};
  Found found;
  const Stack* stack = &parent;
  for (std::size_t i = 0; !target.stops && i < stack->size();) {
    const Directory& directory = (*stack)[i++];
    if (!directory.is_readable) {
      if (found.entry) return std::unexpected(not_read(directory.layer));
      // Whatever it and those below have is not known; what the layers above have is.
      found.directories.push_back(directory);
      break;
    }
    const bool is_ahead = !target.is_from_root && is_step_ahead(directory, target.path.back());
    auto entry = look_in_layer(directory, target);
    if (!entry) return std::unexpected(std::move(entry.error()));
    if (!*entry) continue;
    if ((*entry)->is_directory()) {
      found.directories.push_back(
          {.layer = directory.layer,
           .entry = std::make_shared<const Entry>(std::move(**entry)),
           .reached = is_ahead ? std::optional(*directory.reached + 1) : std::nullopt});
    } else if (!found.entry) {
      found.entry = ImageEntry{.entry = std::move(**entry), .data = {}};
    } else if (!target.is_metacopy) {
      found.entry->data = std::move(**entry);
    }
    if (target.is_redirected_from_root && !target.stops) {
      stack = &roots_;
      i = directory.layer + 1;
    }
  }
  if (!found.entry || !target.is_metacopy) return found;
  auto data = find_data(target);
  if (!data) return std::unexpected(std::move(data.error()));
  found.entry->data = std::move(*data);
  return found;
}

sys::Result<std::optional<Entry>> Image::look_in_layer(const Directory& directory, Target& target) {
  if (!target.is_from_root) {
    auto taken = take_ahead(directory, target.path.back());
    return look_at(taken ? std::move(*taken) : open(directory.entry->file.number(), target.path.back()), 0,
                   target);
  }
  // A redirect on the way changes the target for the layers below, not the way in this one.
  const Path path = target.path;
  std::optional<Entry> entry;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const int base = entry ? entry->file.number() : directory.entry->file.number();
    auto next = look_at(open(base, path[i]), path.size() - i - 1, target);
    if (!next || !*next) return next;
    entry = std::move(*next);
    if (!entry->is_directory()) break;
  }
  return entry;
}

sys::Result<Entry> Image::open(int directory, const std::string& name) {
  return std::move(open_way(privilege_, layers(), directory, {name}).front());
}

// `ovl_lookup_single`.
sys::Result<std::optional<Entry>> Image::look_at(sys::Result<Entry> entry, std::size_t names_after,
                                                 Target& target) {
  if (!entry) {
    const int error = entry.error().number;
    if (error == ENOENT || error == ENAMETOOLONG) return std::nullopt;
    return std::unexpected(std::move(entry.error()));
  }
  const bool is_last = names_after == 0;
  const bool is_data_expected = is_last && target.is_metacopy;
  const bool is_file_expected = is_data_expected && !entry->is_regular();
  const bool is_in_the_way = !entry->is_directory() && (target.is_directory || !is_last);
  if (entry->is_whiteout() || is_file_expected || is_in_the_way) {
    target.stops = true;
    return std::nullopt;
  }
  if (entry->is_directory()) {
    if (is_last) target.is_directory = true;
    if (entry->is_opaque()) {
      target.stops = true;
      return std::move(*entry);
    }
  } else {
    target.is_metacopy = entry->is_metacopy();
    target.stops = !target.is_metacopy;
    if (target.stops) return std::move(*entry);
  }
  if (auto followed = follow_redirect(*entry, names_after, target); !followed) {
    return std::unexpected(std::move(followed.error()));
  }
  return std::move(*entry);
}

// `ovl_check_redirect`.
sys::Result<void> Image::follow_redirect(const Entry& entry, std::size_t names_after, Target& target) {
  target.is_redirected_from_root = false;
  const auto& redirect = entry.attributes.redirect;
  if (!redirect) return {};
  const auto after = std::prev(target.path.end(), static_cast<std::ptrdiff_t>(names_after));
  auto path = redirect_path({target.path.begin(), after}, *redirect);
  if (!path) return std::unexpected(std::move(path.error()));
  path->insert(path->end(), after, target.path.end());
  target.path = std::move(*path);
  if (redirect->starts_with('/')) {
    target.is_from_root = target.is_redirected_from_root = true;
    // Also below a directory that is opaque on the way of a redirect before.
    target.stops = false;
  }
  return {};
}

// The data-only layers are reached by a redirect from the root alone, and have no marks.
sys::Result<std::optional<Entry>> Image::find_data(const Target& target) {
  const sys::Error missing{"metacopy", target.path.back(), ENODATA};
  if (!target.is_redirected_from_root) return std::unexpected(missing);
  const std::size_t named = layers().lowerdirs.size() - layers().data_only;
  for (std::size_t i = named; i < layers().lowerdirs.size(); ++i) {
    const auto root = privilege_.open_layer(layers().lowerdirs[i]);
    if (!root) return std::unexpected(root.error());
    const auto mount = sys::read_mount_id(root->number());
    if (!mount || !mounts_->contains({*mount})) {
      return std::unexpected(not_read(i));
    }
    std::string relative;
    for (const std::string& name : target.path) relative += "/" + name;
    auto entry = open_entry(privilege_, root->number(), relative);
    if (entry && entry->is_regular()) return std::move(*entry);
    if (!entry && entry.error().number != ENOENT) return std::unexpected(std::move(entry.error()));
  }
  return std::unexpected(missing);
}

}  // namespace dropwarden::layer
