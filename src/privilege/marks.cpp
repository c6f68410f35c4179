// SPDX-License-Identifier: Apache-2.0
#include "marks.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/fanotify.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "mount_type.hpp"
#include "namespace_users.hpp"

// Owns what it marks for the length of a call: a descriptor in a container would pin its mounts.
namespace dropwarden::privilege {
namespace {

// Where a lookup leaves the cache without asking anybody who might never answer (measured on Linux 6.18). On
// a disk the permissions of a directory may have to be read: where it is not root's and was not passed by
// root since its inode was read, as when its owner has mounted something below it. And what the kernel makes
// up, as below /proc/keys and /sys/fs/cgroup, it looks at anew each time. The others have all of it in
// memory, or, overlayfs, may ask for it anywhere.
bool may_leave_cache(std::string_view type) {
  constexpr auto types = std::to_array<std::string_view>(
      {"bcachefs", "cgroup", "cgroup2", "ext2", "ext3", "ext4", "f2fs", "jfs", "proc", "sysfs", "xfs"});
  return std::ranges::find(types, type) != types.end();
}

sys::Result<std::string> read_table(const MarkedProcess& process) {
  return sys::read_file_head(process.directory + "/mountinfo", Privilege::max_mounts_bytes);
}

// Opens mount points below the root of a process, and asks nobody on the way who might never answer: the
// container can mount a FUSE file system over any directory at any time.
class MountPoints {
 public:
  MountPoints(const MarkedProcess& process, int root) : process_(process), root_(root) {}

  sys::Result<sys::Fd> open(const ContainerMount& mount) {
    auto opened = sys::open_mount_point(root_, mount.path);
    const bool is_not_cached = !opened && opened.error().number == EAGAIN;
    return is_not_cached ? open_step_by_step(mount.path) : std::move(opened);
  }

 private:
  sys::Result<sys::Fd> open_step_by_step(const std::string& path) {
    sys::Result<sys::Fd> held = std::unexpected(sys::Error{"openat2", path, EAGAIN});
    for (const auto name : util::split(path, '/')) {
      if (name.empty()) continue;
      auto next = open_step(held ? held->number() : root_, std::string(name));
      if (!next) return std::unexpected(sys::Error{next.error().call, path, next.error().number});
      held = std::move(next);
    }
    return held;
  }

  // The directory is held, so the table says what it is on.
  sys::Result<sys::Fd> open_step(int directory, const std::string& name) {
    auto opened = sys::open_mount_point(directory, name);
    if (opened || opened.error().number != EAGAIN || left_ == 0) return opened;
    --left_;
    const auto id = sys::read_mount_id(directory);
    if (!id) return std::unexpected(id.error());
    const auto table = read_table(process_);
    if (!table) return std::unexpected(table.error());
    const auto type = mount_type(*table, *id);
    return type && may_leave_cache(*type) ? sys::open_mount_point(directory, name, false) : std::move(opened);
  }

  const MarkedProcess& process_;
  const int root_;
  int left_ = 64;  // directories that are asked for, each for a table
};

// What a process shows, and who acts in its user namespace.
struct Shown {
  std::string table;
  NamespaceUsers users;
};

// Whether what is held is what was asked for.
sys::Result<RootIdentity> check_held(const sys::Fd& held, const ContainerMount& mount, const Shown& shown) {
  const auto status = sys::read_cached_status(held.number());
  if (!status) return std::unexpected(status.error());
  const auto type = mount_type(shown.table, status->mount_id);
  if (status->mount_id != mount.mount_id || !type)
    return std::unexpected(sys::Error{"fanotify_mark", mount.path, ESTALE});
  if (*type != mount.type) return std::unexpected(sys::Error{"fanotify_mark", mount.path, ENOTSUP});
  const auto file_system = sys::read_file_system_status(held.number());
  if (!file_system) return std::unexpected(file_system.error());
  if (file_system->type != mount.type_magic)
    return std::unexpected(sys::Error{"fanotify_mark", mount.path, ENOTSUP});
  RootIdentity identity = identity_of(*status, *file_system);
  identity.belongs_to_others = !shown.users.has(status->uid);
  return identity;
}

sys::Result<RootIdentity> mark_held(int group, const sys::Fd& held, const ContainerMount& mount,
                                    const Shown& shown, std::uint64_t mask) {
  auto identity = check_held(held, mount, shown);
  if (!identity) return identity;
  const unsigned what = mount.is_whole_file_system ? FAN_MARK_FILESYSTEM : FAN_MARK_MOUNT;
  const auto marked = mark_descriptor(group, FAN_MARK_ADD | what, mask, held.number(), mount.path);
  if (!marked) return std::unexpected(marked.error());
  return identity;
}

// By its directory of procfs, so that all of it is of one process: nothing is found there once that has
// ended, whoever has its number then.
struct HeldProcess {
  sys::Fd directory;
  MarkedProcess process;
};

sys::Result<HeldProcess> hold(const MarkedProcess& process) {
  auto directory = sys::open_path(process.directory, O_PATH | O_DIRECTORY);
  if (!directory) return std::unexpected(std::move(directory.error()));
  HeldProcess held{.directory = std::move(*directory), .process = process};
  held.process.directory = "/proc/self/fd/" + std::to_string(held.directory.number());
  return held;
}

// What the process shows now; the caller holds what it opened by way of it.
sys::Result<std::string> read_checked_table(const MarkedProcess& process) {
  auto table = read_table(process);
  if (!table || !process.check) return table;
  const auto checked = process.check(*table);
  if (!checked) return std::unexpected(checked.error());
  return table;
}

// And then its users: whoever is in our user namespace by now was so before.
sys::Result<Shown> read_shown(const MarkedProcess& process) {
  auto table = read_checked_table(process);
  if (!table) return std::unexpected(std::move(table.error()));
  auto users = read_namespace_users(process.directory);
  if (!users) return std::unexpected(std::move(users.error()));
  return Shown{.table = std::move(*table), .users = std::move(*users)};
}

sys::Result<ProvenUpper> check_root(const MarkedProcess& process, int top, std::string_view table,
                                    std::uint64_t mask) {
  if (!process.check_root) return std::nullopt;
  const auto users = sys::read_link(process.directory + "/ns/user");
  if (!users) return std::unexpected(users.error());
  return process.check_root({.top = top, .mountinfo = table, .user_namespace = *users, .mask = mask});
}

sys::Result<RootIdentity> mark_top(int group, const sys::Fd& top, const std::string& path, std::uint64_t mask,
                                   std::uint64_t allowed_type) {
  // A lower layer of an overlay may be asked for its part of the answer.
  const auto status = sys::read_cached_status(top.number());
  if (!status) return std::unexpected(status.error());
  // Unmounted since the table was read: what is there now is a directory of whatever lies below.
  if (!status->is_mount_root) return std::unexpected(sys::Error{"fanotify_mark", path, EXDEV});
  const auto file_system = sys::read_file_system_status(top.number());
  if (!file_system) return std::unexpected(file_system.error());
  if (file_system->type != allowed_type) return std::unexpected(sys::Error{"fanotify_mark", path, ENOTSUP});
  const auto marked = mark_descriptor(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask, top.number(), path);
  if (!marked) return std::unexpected(marked.error());
  return identity_of(*status, *file_system);
}

}  // namespace

sys::Result<void> mark_descriptor(int group, unsigned flags, std::uint64_t mask, int descriptor,
                                  const std::string& name_for_errors) {
  // The group takes a path, since fanotify_mark(2) refuses an O_PATH descriptor itself (EBADF).
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  if (::fanotify_mark(group, flags, mask, AT_FDCWD, link.c_str()) != 0)
    return sys::unexpected_errno("fanotify_mark", name_for_errors);
  return {};
}

RootIdentity identity_of(const sys::FileStatus& status, const sys::FileSystemStatus& file_system) {
  return {.mount_id = status.mount_id,
          .device_major = status.device_major,
          .device_minor = status.device_minor,
          .file_system_type = file_system.type,
          .file_system_id = file_system.id};
}

sys::Result<RootIdentity> mark_file_system(int group, const std::string& path, std::uint64_t mask,
                                           std::uint64_t allowed_type) {
  // O_PATH runs no code of the file system: what is mounted there is not known yet. A mount point may have a
  // symbolic link put over it by a race.
  const auto opened = sys::open_path(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!opened) return std::unexpected(opened.error());
  return mark_top(group, *opened, path, mask, allowed_type);
}

sys::Result<RootIdentity> mark_file_system(int group, const MarkedProcess& process, std::uint64_t mask,
                                           std::uint64_t allowed_type) {
  const auto held = hold(process);
  if (!held) return std::unexpected(held.error());
  const MarkedProcess& same = held->process;
  const std::string path = process.directory + "/root";
  const auto opened = sys::open_path(same.directory + "/root", O_PATH | O_DIRECTORY);
  if (!opened) return std::unexpected(sys::Error{"open", path, opened.error().number});
  const auto table = read_checked_table(same);
  if (!table) return std::unexpected(table.error());
  const auto status = sys::read_cached_status(opened->number());
  if (!status) return std::unexpected(status.error());
  if (!mount_type(*table, status->mount_id))
    return std::unexpected(sys::Error{"fanotify_mark", path, ESTALE});
  // The check asks the file system, and has it from the mount what that is: of its top alone.
  if (!status->is_mount_root) return std::unexpected(sys::Error{"fanotify_mark", path, EXDEV});
  const auto upper = check_root(same, opened->number(), *table, mask);
  if (!upper) return std::unexpected(upper.error());
  auto identity = mark_top(group, *opened, path, mask, allowed_type);
  if (identity) identity->upper = *upper;
  return identity;
}

std::vector<sys::Result<RootIdentity>> mark_mounts(int group, const MarkedProcess& process,
                                                   const std::vector<ContainerMount>& mounts,
                                                   std::uint64_t mask) {
  using Answers = std::vector<sys::Result<RootIdentity>>;
  const auto held = hold(process);
  if (!held) return Answers(mounts.size(), std::unexpected(held.error()));
  const MarkedProcess& same = held->process;
  const auto root = sys::open_path(same.directory + "/root", O_PATH | O_DIRECTORY);
  if (!root) return Answers(mounts.size(), std::unexpected(root.error()));
  // All are held first and the table is read then: what is held keeps its ID (mount IDs are reused at once).
  std::vector<sys::Result<sys::Fd>> opened;
  opened.reserve(mounts.size());
  MountPoints points(same, root->number());
  for (const ContainerMount& mount : mounts) opened.push_back(points.open(mount));
  const auto shown = read_shown(same);
  if (!shown) return Answers(mounts.size(), std::unexpected(shown.error()));
  Answers answers;
  answers.reserve(mounts.size());
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    answers.push_back(opened[i] ? mark_held(group, *opened[i], mounts[i], *shown, mask)
                                : std::unexpected(opened[i].error()));
  }
  return answers;
}

sys::Result<sys::Fd> open_mount(const MarkedProcess& process, const ContainerMount& mount) {
  const auto held = hold(process);
  if (!held) return std::unexpected(held.error());
  const MarkedProcess& same = held->process;
  const auto root = sys::open_path(same.directory + "/root", O_PATH | O_DIRECTORY);
  if (!root) return std::unexpected(root.error());
  auto opened = MountPoints(same, root->number()).open(mount);
  if (!opened) return opened;
  const auto shown = read_shown(same);
  if (!shown) return std::unexpected(shown.error());
  const auto checked = check_held(*opened, mount, *shown);
  if (!checked) return std::unexpected(checked.error());
  if (checked->belongs_to_others) return std::unexpected(sys::Error{"open", mount.path, EPERM});
  return opened;
}

}  // namespace dropwarden::privilege
