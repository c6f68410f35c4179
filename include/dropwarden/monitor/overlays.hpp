// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/model/mount.hpp"

namespace dropwarden::monitor {

// One overlay superblock that is, or should be, marked.
struct Overlay {
  model::Device device;
  model::FileSystemId file_system;  // 0 until marked
  std::string mount_point;          // on the host; empty when it is reached through a process only
  model::OverlayLayers layers;
  model::Pid init;               // a process whose root it is, 0 when none is known
  model::ContainerId container;  // empty until known
  bool is_nameless = false;      // a process with this root was seen, and its cgroup names no container
  bool is_marked = false;
  bool is_late = false;  // marked after its container may have run
  std::string problem;   // why it is not marked; escaped
};

// What an event's descriptor says about the file system it is on.
struct EventIdentity {
  model::Device device;
  model::FileSystemId file_system;
  model::MountId mount;
};

// The overlays, and which one an event belongs to. An overlay that was unmounted is kept for a while: its
// last events may still be in the queue, or it was detached while a process still writes to it (MNT_DETACH,
// umount(2)), and its device number may already be that of the next container. Loop's thread only; references
// hold until the next `retire` or `expire`.
class Overlays {
 public:
  using Clock = std::chrono::steady_clock;

  // A current overlay; one with the same device that was current is retired.
  Overlay& add(Overlay overlay, Clock::time_point now);
  void retire(const model::Device& device, Clock::time_point now);
  // Forgets what was retired before `before`.
  void expire(Clock::time_point before);

  Overlay* find(const model::Device& device);
  const std::list<Overlay>& current() const { return current_; }
  std::list<Overlay>& current() { return current_; }

  // Call when a mount of a current overlay becomes known (the container's own, from its mountinfo).
  void learn_mount(model::MountId mount, const model::Device& device);

  // Whether it is known that `mount` shows the overlay of `device` from its root, so that paths through it are
  // those of the overlay. What a container mounts by itself is not known.
  bool is_root_mount(model::MountId mount, const model::Device& device) const;

  // The overlay that the event came through, or null. f_fsid decides where it is unique (Linux 6.6 and newer
  // give each overlay its own; before, overlays on one upper file system share that one's). Then the device,
  // which is the overlay's own unless its layers are on several file systems (each file then has a pseudo
  // device that no table names). Then the mount, by what was learned before the event: an ID alone is reused.
  Overlay* identify(const EventIdentity& event);

 private:
  struct Retired {
    Overlay overlay;
    Clock::time_point since;
  };
  Overlay* find_by_file_system(model::FileSystemId id);

  // Few hundred at most, and looked through for hits only.
  std::list<Overlay> current_;
  std::list<Retired> retired_;
  std::unordered_map<model::MountId, model::Device> by_mount_;
};

// `path`, as the kernel names an event's file, from the root of the overlay: a write through the host's mount
// point carries that mount point in front.
std::string path_in_overlay(const Overlay& overlay, std::string_view path);

}  // namespace dropwarden::monitor
