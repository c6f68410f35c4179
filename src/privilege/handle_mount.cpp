// SPDX-License-Identifier: Apache-2.0
#include "handle_mount.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/fanotify.h>

#include "dropwarden/sys/fanotify_abi.hpp"
#include "dropwarden/sys/file.hpp"

#include "marks.hpp"

// Owns the top of a mount of the host for the length of a call, save what open_handle_mount hands over: the
// operator could not unmount it.
namespace dropwarden::privilege {
namespace {

struct Held {
  sys::Fd top;  // O_PATH
  RootIdentity identity;
};

// What is held keeps its ID, so the file system is asked only once it is known which it is: what has been
// mounted over the mount point meanwhile may be one that never answers.
sys::Result<Held> hold(const std::string& path, const HostMount& mount) {
  auto top = sys::open_path(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!top) return std::unexpected(std::move(top.error()));
  const auto status = sys::read_cached_status(top->number());
  if (!status) return std::unexpected(status.error());
  if (status->mount_id != mount.mount_id || !status->is_mount_root)
    return std::unexpected(sys::Error{"open", path, ESTALE});
  const auto file_system = sys::read_file_system_status(top->number());
  if (!file_system) return std::unexpected(file_system.error());
  if (file_system->type != mount.type) return std::unexpected(sys::Error{"open", path, ENOTSUP});
  return Held{.top = std::move(*top), .identity = identity_of(*status, *file_system)};
}

}  // namespace

sys::Result<RootIdentity> mark_by_handle(int group, const std::string& path, const HostMount& mount,
                                         const HandleMask& mask) {
  const auto held = hold(path, mount);
  if (!held) return std::unexpected(held.error());
  const int top = held->top.number();
  // A mask is added to what is there (fanotify_mark(2)); one that is no longer wanted is taken away after, so
  // that nothing is missed between.
  if (mask.wanted != 0) {
    const auto marked = mark_descriptor(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask.wanted, top, path);
    if (!marked) return std::unexpected(marked.error());
  }
  if (mask.unwanted != 0) {
    const auto removed =
        mark_descriptor(group, FAN_MARK_REMOVE | FAN_MARK_FILESYSTEM, mask.unwanted, top, path);
    if (!removed && removed.error().number != ENOENT) return std::unexpected(removed.error());
  }
  return held->identity;
}

sys::Result<void> ignore_mount(int group, const std::string& path, const HostMount& mount,
                               std::uint64_t mask) {
  const auto held = hold(path, mount);
  if (!held) return std::unexpected(held.error());
  return mark_descriptor(group, FAN_MARK_ADD | FAN_MARK_MOUNT | sys::fanotify_abi::mark_ignore_surviving,
                         mask, held->top.number(), path);
}

sys::Result<sys::Fd> open_handle_mount(const std::string& path, const HostMount& mount) {
  const auto held = hold(path, mount);
  if (!held) return std::unexpected(held.error());
  // open_by_handle_at(2) takes no O_PATH descriptor.
  return sys::reopen(held->top.number(), O_RDONLY | O_DIRECTORY | O_NONBLOCK);
}

}  // namespace dropwarden::privilege
