// SPDX-License-Identifier: Apache-2.0
#include "walk_beneath.hpp"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <vector>

#include "dropwarden/util/text.hpp"

namespace dropwarden::sys {
namespace {

// `name` is one component. What it stands for is held first, and looked at out of the kernel's memory alone:
// it may be the top of a file system that never answers (FUSE, NFS). A link is ELOOP as openat2(2) has it,
// save where it is asked for itself. `mount`, where there is one, is the only one that may be gone on.
Result<Fd> open_component(int directory, const std::string& name, int flags,
                          const std::optional<std::uint64_t>& mount) {
  Fd held{::openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  if (!held) return unexpected_errno("openat", name);
  const auto status = read_cached_status(held.number());
  if (!status) return std::unexpected(status.error());
  constexpr int link_itself = O_PATH | O_NOFOLLOW;
  if (mount && status->mount_id != *mount) return std::unexpected(Error{"openat", name, EXDEV});
  if (S_ISLNK(status->mode) && (flags & link_itself) != link_itself)
    return std::unexpected(Error{"openat", name, ELOOP});
  if ((flags & O_DIRECTORY) != 0 && !S_ISDIR(status->mode))
    return std::unexpected(Error{"openat", name, ENOTDIR});
  return (flags & O_PATH) != 0 ? std::move(held) : reopen(held.number(), flags & ~O_NOFOLLOW);
}

}  // namespace

// The way back is kept, so that `..` leads where we came from, whatever was renamed meanwhile.
Result<Fd> walk_beneath(int directory, const std::string& relative, int flags, Mounts mounts) {
  std::optional<std::uint64_t> mount;
  if (mounts == Mounts::refused) {
    const auto id = read_mount_id(directory);
    if (!id) return std::unexpected(id.error());
    mount = *id;
  }
  std::vector<std::string> names;
  for (const auto name : util::split(relative, '/')) {
    if (!name.empty() && name != ".") names.emplace_back(name);
  }
  std::vector<Fd> way;
  const auto here = [&] { return way.empty() ? directory : way.back().number(); };
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == "..") {
      if (way.empty()) return std::unexpected(Error{"openat", relative, EXDEV});
      way.pop_back();
      continue;
    }
    const bool is_last = i + 1 == names.size();
    auto opened = open_component(here(), names[i], is_last ? flags : O_PATH | O_DIRECTORY, mount);
    if (!opened) return std::unexpected(Error{opened.error().call, relative, opened.error().number});
    if (is_last) return opened;
    way.push_back(std::move(*opened));
  }
  return open_component(here(), ".", flags, mount);
}

}  // namespace dropwarden::sys
