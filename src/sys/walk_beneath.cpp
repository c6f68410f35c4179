// SPDX-License-Identifier: Apache-2.0
#include "walk_beneath.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include "dropwarden/util/text.hpp"

namespace dropwarden::sys {
namespace {

bool is_symbolic_link(int directory, const std::string& name) {
  struct stat status{};
  return ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

bool are_on_one_mount(int directory, int file) {
  const auto one = read_status(directory);
  const auto other = read_status(file);
  return one && other && one->mount_id == other->mount_id;
}

// `name` is one component. A link is ELOOP as openat2(2) has it: with O_NOFOLLOW alone it is ENOTDIR when a
// directory is asked for, and the link itself with O_PATH.
Result<Fd> open_component(int directory, const std::string& name, int flags) {
  const int number = ::openat(directory, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC);
  const int error = errno;
  Fd opened{number};
  const bool may_be_link = (number >= 0 && (flags & O_PATH) != 0) || (number < 0 && error == ENOTDIR);
  if (may_be_link && is_symbolic_link(directory, name)) return std::unexpected(Error{"openat", name, ELOOP});
  if (number < 0) return std::unexpected(Error{"openat", name, error});
  return opened;
}

}  // namespace

// The way back is kept, so that `..` leads where we came from, whatever was renamed meanwhile.
Result<Fd> walk_beneath(int directory, const std::string& relative, int flags, Mounts mounts) {
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
    auto opened = open_component(here(), names[i], is_last ? flags : O_PATH | O_DIRECTORY);
    if (!opened) return std::unexpected(Error{opened.error().call, relative, opened.error().number});
    if (mounts == Mounts::refused && !are_on_one_mount(directory, opened->number()))
      return std::unexpected(Error{"openat", relative, EXDEV});
    if (is_last) return opened;
    way.push_back(std::move(*opened));
  }
  return open_component(here(), ".", flags);
}

}  // namespace dropwarden::sys
