// SPDX-License-Identifier: Apache-2.0
#include "support/shared_mounts.hpp"

#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::test {
namespace {

// Always there (hier(7)), and nobody else sees what we put over it.
constexpr const char* new_root = "/mnt";

void mount(const std::string& source, const std::string& target, const char* type, unsigned long flags) {
  if (::mount(source.c_str(), target.c_str(), type, flags, nullptr) != 0) {
    throw sys::SystemError(sys::last_error("mount", target));
  }
}

// The mount at `directory` once more, attached nowhere: it stays shared when all others are made private.
sys::Fd clone_mount(const std::string& directory) {
  sys::Fd clone(::open_tree(AT_FDCWD, directory.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!clone) throw sys::SystemError(sys::last_error("open_tree", directory));
  return clone;
}

void attach(const sys::Fd& clone, const std::string& point) {
  if (::move_mount(clone.number(), "", AT_FDCWD, point.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    throw sys::SystemError(sys::last_error("move_mount", point));
  }
}

void enter_private_mounts() {
  if (::unshare(CLONE_NEWNS) != 0) throw sys::SystemError(sys::last_error("unshare"));
  mount({}, "/", nullptr, MS_PRIVATE | MS_REC);
}

void mount_host_at(const std::string& root) {
  for (const char* name : {"/run", "/tmp", "/var"}) mount("dropwarden-test", root + name, "tmpfs", 0);
  for (const char* name : {"/proc", "/sys", "/dev"}) mount(name, root + name, nullptr, MS_BIND | MS_REC);
}

// Onto itself: the old root then lies on top and is taken off (pivot_root(2)).
void pivot_to(const std::string& root) {
  const bool is_done = ::chdir(root.c_str()) == 0 && ::syscall(SYS_pivot_root, ".", ".") == 0 &&
                       ::umount2(".", MNT_DETACH) == 0 && ::chdir("/") == 0;
  if (!is_done) throw sys::SystemError(sys::last_error("pivot_root", root));
}

}  // namespace

void share_mounts(const std::string& directory) {
  mount(directory, directory, nullptr, MS_BIND);
  mount({}, directory, nullptr, MS_SHARED);
}

void enter_shared_mounts(const std::string& directory) {
  const auto shared = clone_mount(directory);
  enter_private_mounts();
  attach(shared, directory);
}

void enter_shared_mounts_at(const std::string& root, const std::string& directory) {
  const auto shared = clone_mount(directory);
  enter_private_mounts();
  mount(root, new_root, nullptr, MS_BIND);
  // Others use these files too.
  mount({}, new_root, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY);
  mount_host_at(new_root);
  std::filesystem::create_directories(new_root + directory);
  attach(shared, new_root + directory);
  pivot_to(new_root);
}

}  // namespace dropwarden::test
