// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/watched_mounts.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>

namespace dropwarden::monitor {
namespace {

// Containers can have mounts come and go without end.
constexpr std::size_t most_retired = 16'384;

// tmpfs has an f_fsid since Linux 5.13 only; st_dev is the superblock's own but on btrfs, where each
// subvolume has one.
bool is_on_superblock(const WatchedMount& mount, const EventIdentity& event) {
  if (mount.is_overlay()) return false;
  const bool has_file_system = event.file_system.value != 0 && mount.file_system == event.file_system;
  return has_file_system || mount.device == event.device;
}

bool is_mount_of(const WatchedMount& mount, const EventIdentity& event) {
  const bool is_superblock_known = mount.type != "btrfs";
  return event.mount.value != 0 && mount.mount == event.mount &&
         (!is_superblock_known || is_on_superblock(mount, event));
}

}  // namespace

WatchedMount& WatchedMounts::add(WatchedMount mount, Clock::time_point now) {
  if (mount.is_overlay()) retire(mount.device, now);
  if (const auto known = by_mount_.find(mount.mount); known != by_mount_.end()) retire(known->second, now);
  mount.serial = ++last_serial_;
  current_.push_back(std::move(mount));
  by_serial_.emplace(last_serial_, std::prev(current_.end()));
  WatchedMount& added = current_.back();
  if (added.is_overlay()) by_overlay_.insert_or_assign(added.device, added.serial);
  if (added.is_overlay() && added.file_system.value != 0)
    overlays_by_file_system_.emplace(added.file_system, added.serial);
  if (added.mount.value != 0) by_mount_.insert_or_assign(added.mount, added.serial);
  return added;
}

void WatchedMounts::set_marked(WatchedMount& mount, util::WallTime since) {
  if (mount.marked_since == util::WallTime{}) mount.marked_since = since;
  last_marked_ = std::max(last_marked_, since);
}

void WatchedMounts::retire(const model::Device& device, Clock::time_point now) {
  const WatchedMount* overlay = find(device);
  if (overlay == nullptr) return;
  std::erase_if(overlay_by_mount_, [&](const auto& entry) { return entry.second == device; });
  retire(overlay->serial, now);
}

void WatchedMounts::retire(std::uint64_t serial, Clock::time_point now) {
  const auto found = by_serial_.find(serial);
  if (found == by_serial_.end()) return;
  std::erase_if(by_overlay_, [&](const auto& entry) { return entry.second == serial; });
  const auto known = by_mount_.find(found->second->mount);
  if (known != by_mount_.end() && known->second == serial) by_mount_.erase(known);
  // What was never marked has no events.
  if (found->second->is_marked()) {
    retired_.push_back({std::move(*found->second), now});
    retired_by_serial_.emplace(serial, std::prev(retired_.end()));
  } else {
    unlist(*found->second);
  }
  if (retired_.size() > most_retired) forget(retired_.begin());
  current_.erase(found->second);
  by_serial_.erase(found);
}

void WatchedMounts::expire(Clock::time_point before) {
  // The oldest are first.
  while (!retired_.empty() && retired_.front().since < before) forget(retired_.begin());
}

void WatchedMounts::forget(std::list<Retired>::iterator retired) {
  unlist(retired->mount);
  retired_by_serial_.erase(retired->mount.serial);
  retired_.erase(retired);
}

void WatchedMounts::unlist(const WatchedMount& overlay) {
  const auto [first, last] = overlays_by_file_system_.equal_range(overlay.file_system);
  const auto listed =
      std::find_if(first, last, [&](const auto& entry) { return entry.second == overlay.serial; });
  if (listed != last) overlays_by_file_system_.erase(listed);
}

WatchedMount* WatchedMounts::find(const model::Device& device) {
  const auto found = by_overlay_.find(device);
  return found == by_overlay_.end() ? nullptr : find_current(found->second);
}

WatchedMount* WatchedMounts::find_current(std::uint64_t serial) {
  const auto found = by_serial_.find(serial);
  return found == by_serial_.end() ? nullptr : &*found->second;
}

WatchedMount* WatchedMounts::find(std::uint64_t serial) {
  if (WatchedMount* current = find_current(serial)) return current;
  const auto retired = retired_by_serial_.find(serial);
  return retired == retired_by_serial_.end() ? nullptr : &retired->second->mount;
}

const WatchedMount* WatchedMounts::find_current(const model::Device& device, model::MountId mount) const {
  const auto marked = [this](const auto& serials, const auto& key) -> const WatchedMount* {
    const auto serial = serials.find(key);
    if (serial == serials.end()) return nullptr;
    const auto current = by_serial_.find(serial->second);
    return current != by_serial_.end() && current->second->is_marked() ? &*current->second : nullptr;
  };
  // The number of an overlay is no other superblock's.
  if (const WatchedMount* overlay = marked(by_overlay_, device)) return overlay;
  // An ID may be that of another mount by now. Of btrfs each subvolume has a number of its own.
  const WatchedMount* own = marked(by_mount_, mount);
  if (own != nullptr && (own->device == device || own->type == "btrfs")) return own;
  const auto root = overlay_by_mount_.find(mount);
  return root == overlay_by_mount_.end() ? nullptr : marked(by_overlay_, root->second);
}

void WatchedMounts::learn_mount(model::MountId mount, const model::Device& device) {
  if (mount.value != 0) overlay_by_mount_.insert_or_assign(mount, device);
}

bool WatchedMounts::is_root_mount(model::MountId mount, const model::Device& device) const {
  const auto known = overlay_by_mount_.find(mount);
  return known != overlay_by_mount_.end() && known->second == device;
}

WatchedMount* WatchedMounts::find_overlay_by_file_system(model::FileSystemId id) {
  const auto [first, last] = overlays_by_file_system_.equal_range(id);
  return first != last && std::next(first) == last ? find(first->second) : nullptr;
}

// The newest first: an ID or a number is another's once it is free, which it is not while an event waits.
template <class IsIt>
WatchedMount* WatchedMounts::find_retired(const IsIt& is_it) {
  const auto newest_first = retired_ | std::views::reverse;
  const auto found = std::ranges::find_if(newest_first, is_it, &Retired::mount);
  return found == newest_first.end() ? nullptr : &found->mount;
}

WatchedMount* WatchedMounts::identify_overlay(const EventIdentity& event) {
  if (WatchedMount* overlay = find_overlay_by_file_system(event.file_system)) return overlay;
  if (WatchedMount* overlay = find(event.device)) return overlay;
  if (const auto mounted = overlay_by_mount_.find(event.mount); mounted != overlay_by_mount_.end())
    return find(mounted->second);
  return find_retired(
      [&](const WatchedMount& mount) { return mount.is_overlay() && mount.device == event.device; });
}

WatchedMount* WatchedMounts::identify_by_mount(const EventIdentity& event) {
  for (WatchedMount& mount : current_) {
    if (is_mount_of(mount, event)) return &mount;
  }
  return find_retired([&](const WatchedMount& mount) { return is_mount_of(mount, event); });
}

WatchedMount* WatchedMounts::identify_other(const EventIdentity& event) {
  if (WatchedMount* mount = identify_by_mount(event)) return mount;
  const auto sharing = candidates(event);
  if (sharing.size() != 1) return nullptr;
  const auto is_only = [&](const WatchedMount& mount) {
    return is_on_superblock(mount, event) && mount.container == sharing.front();
  };
  const auto found = std::ranges::find_if(current_, is_only);
  if (found != current_.end()) return &*found;
  return find_retired(is_only);
}

// An overlay without a container may have been away from the mount table, and be known anew.
WatchedMount* WatchedMounts::find_settled(const EventIdentity& event) {
  WatchedMount* const settled = find(event.serial);
  if (settled == nullptr || !settled->is_overlay() || !settled->container.value.empty()) return settled;
  WatchedMount* const anew = find(settled->device);
  return anew != nullptr && anew->layers.upperdir == settled->layers.upperdir ? anew : settled;
}

WatchedMount* WatchedMounts::identify(const EventIdentity& event) {
  if (event.serial != 0) return find_settled(event);
  if (event.type != overlay_magic) return identify_other(event);
  // Where the host itself is on an overlay, so are the directories that it gives to containers.
  if (WatchedMount* overlay = identify_overlay(event)) return overlay;
  return identify_by_mount(event);
}

std::vector<model::ContainerId> WatchedMounts::candidates(const EventIdentity& event) const {
  std::vector<model::ContainerId> containers;
  const auto look_at = [&](const WatchedMount& mount) {
    if (!is_on_superblock(mount, event)) return;
    if (std::ranges::find(containers, mount.container) == containers.end())
      containers.push_back(mount.container);
  };
  if (event.type == overlay_magic) return containers;
  for (const WatchedMount& mount : current_) look_at(mount);
  // Who has gone is asked only where nobody is left.
  if (containers.empty()) {
    for (const Retired& retired : retired_) look_at(retired.mount);
  }
  return containers;
}

void WatchedMounts::settle(EventIdentity& event, const model::ContainerId& container) const {
  const auto is_the_ones = [&](const WatchedMount& mount) {
    return is_on_superblock(mount, event) && mount.container == container;
  };
  const auto found = std::ranges::find_if(current_, is_the_ones);
  if (found != current_.end()) event.serial = found->serial;
}

std::string way_through(const WatchedMount& overlay) {
  const bool is_reached = !overlay.mount_point.empty() || overlay.init.value != 0;
  if (overlay.is_of_other_users || !is_reached) return {};
  return overlay.mount_point.empty() ? "/proc/" + std::to_string(overlay.init.value) + "/root"
                                     : overlay.mount_point;
}

std::string path_through_mount(const WatchedMount& mount, std::string_view path) {
  const std::string& point = mount.path;
  const bool is_below =
      point == "/" || (path.starts_with(point) && (path.size() == point.size() || path[point.size()] == '/'));
  if (is_below) return std::string(path);
  return point + std::string(path == "/" ? "" : path);
}

std::string path_in_container(const WatchedMount& mount, std::string_view path) {
  const std::string& point = mount.mount_point;
  const bool is_below = !point.empty() && point != "/" && path.starts_with(point) &&
                        (path.size() == point.size() || path[point.size()] == '/');
  if (is_below) path.remove_prefix(point.size());
  return path.empty() ? "/" : std::string(path);
}

}  // namespace dropwarden::monitor
