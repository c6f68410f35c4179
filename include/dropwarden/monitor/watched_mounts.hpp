// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/model/ids.hpp"
#include "dropwarden/model/mount.hpp"
#include "dropwarden/monitor/sync_state.hpp"
#include "dropwarden/mount/coverage.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::monitor {

inline constexpr std::uint64_t overlay_magic = 0x794c7630;  // OVERLAYFS_SUPER_MAGIC, f_type of statfs(2)

// Where files of a container lie: its root file system, a volume, a tmpfs. Marked, or with the reason why
// not.
struct WatchedMount {
  std::uint64_t serial = 0;  // given by WatchedMounts::add, never twice
  model::Place place = model::Place::rootfs;
  model::Device device;             // of the superblock, as mountinfo prints it
  model::FileSystemId file_system;  // 0 until marked
  std::string type = "overlay";     // of the file system, as mountinfo prints it
  model::MountId mount;             // the container's own; 0: an overlay, which is watched by its superblock
  std::string path = "/";           // where the container sees it
  std::string root;                 // what of the file system is mounted there
  std::string mount_point;  // of an overlay on the host; empty when it is reached through a process only
  model::OverlayLayers layers;
  model::Pid init;               // a process that sees it, 0 when none is known
  bool is_nested = false;        // in another mount namespace than that of the container's first process
  model::ContainerId container;  // empty until known
  bool is_nameless = false;      // a process with this root was seen, and its cgroup names no container
  mount::Coverage coverage = mount::Coverage::none;  // what is marked
  // Of an overlay: it may have been mounted in another user namespace, so that nobody knows what its lower
  // layers are. Nothing that is executed is told of, and nobody looks through it.
  bool is_of_other_users = false;
  // Of an overlay that no mount of the host shows: its container's first process has gone to it from another.
  // So the lower layers that it names are the words of the container, and say nothing of its programs.
  bool is_of_its_making = false;
  // Of any other: to nobody in the user namespace that shows it (privilege::RootIdentity). What is written
  // through this mount is told, and nothing else that is done there.
  bool belongs_to_others = false;
  bool is_late = false;         // marked after its container may have run
  bool is_failed = false;       // it could not be marked, and is tried again
  util::WallTime marked_since;  // of files: what changes from then on has no earlier ctime; 0 until marked
  std::string problem;          // why it is not marked; escaped
  std::optional<SyncState> sync{};  // set in what is given to others

  bool is_marked() const { return coverage != mount::Coverage::none; }
  // Whether it is watched by its superblock alone.
  bool is_overlay() const { return mount.value == 0 && type == "overlay"; }
};

// What an event's descriptor says about the file system it is on.
struct EventIdentity {
  model::Device device;
  model::FileSystemId file_system;
  model::MountId mount;
  std::uint64_t type = overlay_magic;  // f_type, statfs(2)
  // The mount that it was settled to, 0 for none: what the numbers above mean may change once the event's
  // descriptor is closed.
  std::uint64_t serial = 0;
};

// The mounts of containers, and which one an event belongs to. A mount that has gone is kept for a while: its
// last events may still be in the queue, or it was detached while a process still writes to it (MNT_DETACH,
// umount(2)), and its device number may already be that of the next container. Of these only the newest
// 16 384 are kept. Loop's thread only; references hold until the next `retire` or `expire`.
class WatchedMounts {
 public:
  using Clock = std::chrono::steady_clock;

  // A current mount. One that was current and has the same ID is retired, or, of overlays, the same device:
  // the kernel reuses both as soon as they are free.
  WatchedMount& add(WatchedMount mount, Clock::time_point now);
  // The overlay on `device`.
  void retire(const model::Device& device, Clock::time_point now);
  void retire(std::uint64_t serial, Clock::time_point now);
  // It was marked just after `since` (sys::read_file_time). Marked once more, it keeps the earlier time.
  void set_marked(WatchedMount& mount, util::WallTime since);
  // When the newest of all was marked.
  util::WallTime last_marked() const { return last_marked_; }
  // Forgets what was retired before `before`.
  void expire(Clock::time_point before);

  // The overlay on `device`.
  WatchedMount* find(const model::Device& device);
  // Current or not.
  WatchedMount* find(std::uint64_t serial);
  // Null also of one that was retired.
  WatchedMount* find_current(std::uint64_t serial);
  // The current marked mount that a file with these numbers (statx(2)) is on, without a look through all: for
  // where every event counts. Null where the numbers alone do not tell: of an overlay with layers on several
  // file systems, seen through a mount that the container made; `identify` may know more.
  const WatchedMount* find_current(const model::Device& device, model::MountId mount) const;
  const std::list<WatchedMount>& current() const { return current_; }

  // Call when a mount of a current overlay becomes known (the container's own, from its mountinfo).
  void learn_mount(model::MountId mount, const model::Device& device);

  // Whether it is known that `mount` shows the overlay of `device` from its root, so that paths through it
  // are those of the overlay. What a container mounts by itself is not known.
  bool is_root_mount(model::MountId mount, const model::Device& device) const;

  // The mount that the event came through, or null. For an overlay: f_fsid decides where it is unique
  // (Linux 6.6 and newer give each overlay its own; before, overlays on one upper file system share that
  // one's). Then the device, which is the overlay's own unless its layers are on several file systems (each
  // file then has a pseudo device that no table names). Then the mount, by what was learned before the event:
  // an ID alone is reused.
  //
  // For any other: the mount by its ID, which is not reused while the event's descriptor is open, together
  // with the superblock. A mount that is not known (a bind mount, or a mount namespace, that the container
  // made) is one of the container that has the superblock, where that is only one.
  WatchedMount* identify(const EventIdentity& event);

  // The containers that have the superblock of an event which `identify` cannot tell; each once.
  std::vector<model::ContainerId> candidates(const EventIdentity& event) const;
  // Gives an event that is one of the candidates' to `container`.
  void settle(EventIdentity& event, const model::ContainerId& container) const;

 private:
  struct Retired {
    WatchedMount mount;
    Clock::time_point since;
  };
  void forget(std::list<Retired>::iterator retired);
  void unlist(const WatchedMount& overlay);
  WatchedMount* find_overlay_by_file_system(model::FileSystemId id);
  template <class IsIt>
  WatchedMount* find_retired(const IsIt& is_it);
  WatchedMount* identify_overlay(const EventIdentity& event);
  WatchedMount* find_settled(const EventIdentity& event);
  WatchedMount* identify_by_mount(const EventIdentity& event);
  WatchedMount* identify_other(const EventIdentity& event);

  // A few for each container, and looked through for hits only.
  std::list<WatchedMount> current_;
  std::unordered_map<std::uint64_t, std::list<WatchedMount>::iterator> by_serial_;  // of the current ones
  std::unordered_map<model::Device, std::uint64_t> by_overlay_;  // serials of the current ones
  std::unordered_map<model::MountId, std::uint64_t> by_mount_;   // serials of the current ones
  std::list<Retired> retired_;
  std::unordered_map<std::uint64_t, std::list<Retired>::iterator> retired_by_serial_;
  // Serials of overlays, current or retired.
  std::unordered_multimap<model::FileSystemId, std::uint64_t> overlays_by_file_system_;
  std::unordered_map<model::MountId, model::Device> overlay_by_mount_;
  std::uint64_t last_serial_ = 0;
  util::WallTime last_marked_;
};

// A directory of the host, or of a process, that shows an overlay from its root; empty where nobody may look
// through it.
std::string way_through(const WatchedMount& overlay);

// `path`, as the kernel names a file that came through just this mount, which is no overlay, from the root of
// the container. Where the mount's namespace has ended since, with the container's last process in it, the
// kernel names only what is below the mount. Wrong for a mount that was moved and not looked at since.
std::string path_through_mount(const WatchedMount& mount, std::string_view path);

// `path`, as the kernel names an event's file, from the root of the container: a write through the host's
// mount point of an overlay carries that mount point in front.
std::string path_in_container(const WatchedMount& mount, std::string_view path);

}  // namespace dropwarden::monitor
