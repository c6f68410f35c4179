// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/overlays.hpp"

#include <algorithm>
#include <utility>

namespace dropwarden::monitor {

Overlay& Overlays::add(Overlay overlay, Clock::time_point now) {
  retire(overlay.device, now);
  return current_.emplace_back(std::move(overlay));
}

void Overlays::retire(const model::Device& device, Clock::time_point now) {
  const auto found = std::ranges::find(current_, device, &Overlay::device);
  if (found == current_.end()) return;
  std::erase_if(by_mount_, [&](const auto& entry) { return entry.second == device; });
  retired_.push_back({std::move(*found), now});
  current_.erase(found);
}

void Overlays::expire(Clock::time_point before) {
  retired_.remove_if([&](const Retired& retired) { return retired.since < before; });
}

Overlay* Overlays::find(const model::Device& device) {
  const auto found = std::ranges::find(current_, device, &Overlay::device);
  return found == current_.end() ? nullptr : &*found;
}

void Overlays::learn_mount(model::MountId mount, const model::Device& device) {
  if (mount.value != 0) by_mount_.insert_or_assign(mount, device);
}

bool Overlays::is_root_mount(model::MountId mount, const model::Device& device) const {
  const auto known = by_mount_.find(mount);
  return known != by_mount_.end() && known->second == device;
}

Overlay* Overlays::find_by_file_system(model::FileSystemId id) {
  if (id.value == 0) return nullptr;
  Overlay* only = nullptr;
  int matches = 0;
  const auto look_at = [&](Overlay& overlay) {
    if (overlay.file_system != id) return;
    only = &overlay;
    ++matches;
  };
  for (Overlay& overlay : current_) look_at(overlay);
  for (Retired& retired : retired_) look_at(retired.overlay);
  return matches == 1 ? only : nullptr;
}

Overlay* Overlays::identify(const EventIdentity& event) {
  if (Overlay* overlay = find_by_file_system(event.file_system)) return overlay;
  if (Overlay* overlay = find(event.device)) return overlay;
  if (const auto mounted = by_mount_.find(event.mount); mounted != by_mount_.end())
    return find(mounted->second);
  const auto retired =
      std::ranges::find(retired_, event.device, [](const Retired& r) { return r.overlay.device; });
  return retired == retired_.end() ? nullptr : &retired->overlay;
}

std::string path_in_overlay(const Overlay& overlay, std::string_view path) {
  const std::string& point = overlay.mount_point;
  const bool is_below = !point.empty() && point != "/" && path.starts_with(point) &&
                        (path.size() == point.size() || path[point.size()] == '/');
  if (is_below) path.remove_prefix(point.size());
  return path.empty() ? "/" : std::string(path);
}

}  // namespace dropwarden::monitor
