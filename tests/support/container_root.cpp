// SPDX-License-Identifier: Apache-2.0
#include "container_root.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dropwarden/sys/file.hpp"

namespace dropwarden::test {

void enter_container_root(const std::string& merged, const std::function<void()>& between_roots) {
  require(::unshare(CLONE_NEWNS) == 0, "unshare");
  require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
  require(::chdir(merged.c_str()) == 0, "chdir");
  // Onto itself: the old root then lies on top and is taken off (pivot_root(2)).
  require(::syscall(SYS_pivot_root, ".", ".") == 0, "pivot_root");
  if (between_roots) between_roots();
  require(::umount2(".", MNT_DETACH) == 0, "umount2");
  require(::chdir("/") == 0, "chdir");
}

void stay_in_container_root(const std::string& merged, Line& line) {
  enter_container_root(merged);
  line.tell("entered");
  line.hear();
}

void join_mount_namespace(pid_t process) {
  const sys::Fd name_space =
      sys::value_or_throw(sys::open_path("/proc/" + std::to_string(process) + "/ns/mnt", O_RDONLY));
  // Not for who shares root and directory with another thread, as a sanitizer's is (setns(2)).
  require(::unshare(CLONE_FS) == 0, "unshare");
  require(::setns(name_space.number(), CLONE_NEWNS) == 0, "setns");
}

}  // namespace dropwarden::test
