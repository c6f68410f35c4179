// SPDX-License-Identifier: Apache-2.0
#include "taken_marks.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <sys/fanotify.h>
#include <sys/syscall.h>
#include <vector>

#include "dropwarden/sys/fd.hpp"
#include "dropwarden/util/text.hpp"

#include "support/child.hpp"
#include "support/process_family.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;

// Duplicates of the fanotify groups that it has.
void add_groups(int pid, std::vector<sys::Fd>& groups) {
  const sys::Fd process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  require(static_cast<bool>(process), "pidfd_open");
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    if (fs::read_symlink(entry.path(), gone) != "anon_inode:[fanotify]") continue;
    const auto number = util::parse_number<int>(entry.path().filename().string());
    sys::Fd group{static_cast<int>(::syscall(SYS_pidfd_getfd, process.number(), number.value_or(-1), 0))};
    require(static_cast<bool>(group), "pidfd_getfd");
    groups.push_back(std::move(group));
  }
}

// A mark is on the mount or on all of its file system: as many as there were.
int take_from(const sys::Fd& group, const std::string& path) {
  int taken = 0;
  for (const unsigned kind : {FAN_MARK_MOUNT, FAN_MARK_FILESYSTEM}) {
    const auto flags = FAN_MARK_REMOVE | kind;
    if (::fanotify_mark(group.number(), flags, FAN_CLOSE_WRITE, AT_FDCWD, path.c_str()) == 0) ++taken;
  }
  return taken;
}

}  // namespace

void take_close_marks(const Daemon& daemon, const Box& box) {
  std::vector<sys::Fd> groups;
  for (const pid_t pid : read_family(daemon.pid())) add_groups(pid, groups);
  for (const Place& place : places) {
    const auto path = "/proc/" + std::to_string(box.first_process()) + "/root" + place.path;
    int taken = 0;
    for (const auto& group : groups) taken += take_from(group, path);
    if (taken == 0) throw std::runtime_error(std::string("there was no mark on ") + place.name);
  }
}

}  // namespace dropwarden::test
