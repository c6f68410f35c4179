// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/mount/coverage.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "dropwarden/mount/file_system.hpp"
#include "dropwarden/mount/table.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::mount {
namespace {

bool has_option(std::string_view options, std::string_view wanted) {
  while (!options.empty()) {
    if (util::take_until(options, ',') == wanted) return true;
  }
  return false;
}

// Whether the way to `path` leads through the directory `point`.
bool is_below(std::string_view path, std::string_view point) {
  if (point == "/") return path.size() > 1;
  return path.size() > point.size() && path.starts_with(point) && path[point.size()] == '/';
}

// Sorts a directory right before all that is below it.
bool is_before(std::string_view one, std::string_view other) {
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c); };
  return std::ranges::lexicographical_compare(one, other, {}, rank, rank);
}

// Judges one mount after the other; knows the whole table. `watched` is an overlay that somebody else sees
// to.
class Judge {
 public:
  Judge(const std::vector<model::Mount>& table, const model::Mount& root,
        const std::optional<model::Device>& watched, const HostMounts& host, const JudgeOptions& options)
      : root_(root), watched_(watched), host_(host), options_(options) {
    for (const model::Mount& mount : table) by_id_.emplace(mount.id, &mount);
    for (const model::Mount& mount : table) {
      const model::Mount* below = parent_of(mount);
      if (below != nullptr && below->mount_point == mount.mount_point) covered_.insert(below->id);
    }
    std::vector<const model::Mount*> mounts;
    mounts.reserve(table.size());
    for (const model::Mount& mount : table) mounts.push_back(&mount);
    std::ranges::sort(mounts, is_before, &model::Mount::mount_point);
    find_unsafe(mounts);
    std::ranges::sort(mounts, [](const model::Mount* one, const model::Mount* other) {
      if (one->parent != other->parent) return one->parent.value < other->parent.value;
      return is_before(one->mount_point, other->mount_point);
    });
    find_hidden(mounts);
  }

  JudgedMount judge(const model::Mount& mount) {
    const bool is_memory_of_its_own = is_memory(mount.file_system);
    JudgedMount judged{.mount = mount,
                       .place = is_memory_of_its_own ? model::Place::tmpfs : model::Place::volume,
                       .coverage = Coverage::none,
                       .reason = {}};
    const bool is_of_root =
        mount.device == root_.device && (mount.file_system == "overlay" || mount.root == root_.root);
    if (is_of_root) judged.place = model::Place::rootfs;
    judged.reason = why_not(mount, judged.place);
    if (!judged.reason.empty()) return judged;
    // The root of a container, this one's or another's, is marked whole already; the host's own is not.
    const bool is_root_of_container = mount.file_system == "overlay" && !host_.is_root_device(mount.device);
    const bool is_of_containers = is_memory_of_its_own && !host_.is_used_by_host(mount.device);
    judged.coverage = is_root_of_container || is_of_containers ? Coverage::file_system : Coverage::mount;
    if (is_root_of_container) return judged;
    // A superblock is marked once, however often it is mounted.
    if (judged.coverage == Coverage::file_system && whole_.contains(mount.device)) return judged;
    if (marks_ == options_.most_marks) {
      judged.coverage = Coverage::none;
      judged.reason =
          "more mounts than are marked for one container (" + std::to_string(options_.most_marks) + ")";
      return judged;
    }
    ++marks_;
    if (judged.coverage == Coverage::file_system) whole_.insert(mount.device);
    return judged;
  }

 private:
  const model::Mount* parent_of(const model::Mount& mount) const {
    const auto found = by_id_.find(mount.parent);
    return found == by_id_.end() ? nullptr : found->second;
  }

  std::string why_not(const model::Mount& mount, model::Place place) const {
    if (is_overlay_of_its_own(mount))
      return "an overlay that the container mounted itself: its layers might never answer";
    if (!watchable_magic(mount.file_system)) return why_unwatchable(mount.file_system);
    if (is_read_only(mount)) return "read-only: nothing can be written through it";
    if (place == model::Place::volume && !options_.wants_volumes) return "watch.volumes is off";
    if (place == model::Place::tmpfs && !options_.wants_tmpfs) return "watch.tmpfs is off";
    if (covered_.contains(mount.id)) return "another mount lies over it";
    return why_unreachable(mount);
  }

  bool is_overlay_of_its_own(const model::Mount& mount) const {
    return mount.file_system == "overlay" && mount.device != watched_ && !host_.has_overlay(mount.device);
  }

  // `mounts` by their mount points. Whichever mount of those on the way is met there, and whatever lies over
  // whatever: a mount of that kind is none that anybody needs to be looked up below.
  void find_unsafe(const std::vector<const model::Mount*>& mounts) {
    const model::Mount* unsafe = nullptr;
    for (const model::Mount* mount : mounts) {
      if (unsafe != nullptr && is_below(mount->mount_point, unsafe->mount_point)) {
        in_unsafe_.emplace(mount->id, unsafe);
      } else if (!is_safe_to_cross(mount->file_system)) {
        unsafe = mount;
      }
    }
  }

  // `mounts` by their parents, and then by their mount points. A mount hides what its parent has below that
  // directory, which is shown in the table all the same. The root is entered without a look at what lies over
  // it.
  void find_hidden(const std::vector<const model::Mount*>& mounts) {
    const model::Mount* above = nullptr;
    for (const model::Mount* mount : mounts) {
      const bool is_sibling = above != nullptr && above->parent == mount->parent;
      if (is_sibling && is_below(mount->mount_point, above->mount_point)) {
        covered_.insert(mount->id);
      } else if (mount->mount_point != "/") {
        above = mount;
      }
    }
  }

  // Where the way to a mount point leads through a file system that might never answer, or through more
  // mounts than are looked through: a container can put as many on top of such a one as it likes, and a table
  // that was changed while it was read could hold a circle.
  std::string why_unreachable(const model::Mount& mount) const {
    const auto found = in_unsafe_.find(mount.id);
    if (found != in_unsafe_.end()) return lies_in(*found->second);
    const model::Mount* at = parent_of(mount);
    for (std::size_t depth = 0; at != nullptr; ++depth) {
      if (depth == max_depth)
        return "more than " + std::to_string(max_depth) + " mounts lie on the way to it";
      if (!is_safe_to_cross(at->file_system)) return lies_in(*at);
      const model::Mount* next = parent_of(*at);
      if (next == at) break;
      at = next;
    }
    return {};
  }

  static std::string lies_in(const model::Mount& mount) {
    return "it lies in " + mount.mount_point + " (" + mount.file_system + "), which might never answer";
  }

  static constexpr std::size_t max_depth = 64;

  const model::Mount& root_;
  const std::optional<model::Device> watched_;
  const HostMounts& host_;
  const JudgeOptions& options_;
  std::unordered_map<model::MountId, const model::Mount*> by_id_;
  std::unordered_set<model::MountId> covered_;  // nobody comes there by their paths
  std::unordered_map<model::MountId, const model::Mount*> in_unsafe_;
  std::size_t marks_ = 0;
  std::unordered_set<model::Device> whole_;  // superblocks that are marked
};

}  // namespace

bool is_read_only(const model::Mount& mount) {
  return has_option(mount.options, "ro") || has_option(mount.super_options, "ro");
}

bool has_host_root(const std::vector<model::Mount>& table, const HostMounts& host) {
  return std::ranges::any_of(
      table, [&](const model::Mount& mount) { return mount.mount_point == "/" && host.is_host_root(mount); });
}

std::optional<std::vector<JudgedMount>> judge_mounts(const std::vector<model::Mount>& table,
                                                     const HostMounts& host, const JudgeOptions& options) {
  const model::Mount* root = find_root(table);
  return judge_nested_mounts(table, host, root == nullptr ? std::nullopt : std::optional(root->device),
                             options);
}

std::optional<std::vector<JudgedMount>> judge_nested_mounts(
    const std::vector<model::Mount>& table, const HostMounts& host,
    const std::optional<model::Device>& container_root, const JudgeOptions& options) {
  const model::Mount* found = find_root(table);
  if (found == nullptr || host.is_host_root(*found)) return std::nullopt;
  const model::Mount& root = *found;
  Judge judge(table, root, container_root, host, options);
  // Of a container's root, its own or another's. One that is a directory of a host which lives on an overlay
  // itself is marked whole by nobody.
  const bool is_seen_to =
      !host.is_root_device(root.device) && (root.device == container_root || host.has_overlay(root.device));
  std::vector<JudgedMount> judged;
  std::size_t left_out = 0;
  for (const model::Mount& mount : table) {
    if (&mount == &root && mount.file_system == "overlay" && is_seen_to) continue;
    if (judged.size() == options.most_mounts) {
      ++left_out;
    } else {
      judged.push_back(judge.judge(mount));
    }
  }
  if (left_out != 0) {
    JudgedMount rest;
    rest.reason = std::to_string(left_out) + " more mounts, which are neither marked nor listed";
    judged.push_back(std::move(rest));
  }
  return judged;
}

}  // namespace dropwarden::mount
