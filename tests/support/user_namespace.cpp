// SPDX-License-Identifier: Apache-2.0
#include "support/user_namespace.hpp"

#include <fstream>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/other_user.hpp"

namespace dropwarden::test {
namespace {

void write_map(const char* path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  require(file.good(), "write");
}

}  // namespace

std::string missing_user_namespace() {
#if defined(__SANITIZE_THREAD__)
  return "a process with the sanitizer's thread enters no user namespace (unshare(2))";
#else
  return {};
#endif
}

void enter_user_namespace(uid_t user) {
  become_user(user);
  require(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0, "prctl");  // whoever is not may write no map
  require(::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "unshare");
  const std::string map = "0 " + std::to_string(user) + " 1";
  write_map("/proc/self/setgroups", "deny");
  write_map("/proc/self/uid_map", map);
  write_map("/proc/self/gid_map", map);
}

std::string make_fuse_node(const std::string& directory) {
  constexpr unsigned misc = 10;
  constexpr unsigned fuse = 229;
  std::string path = directory + "/fuse-device";
  require(::mknod(path.c_str(), S_IFCHR, makedev(misc, fuse)) == 0, "mknod");
  require(::chmod(path.c_str(), 0666) == 0, "chmod");
  return path;
}

void mount_file_system(const std::string& source, const std::string& target, const char* type,
                       const std::string& options) {
  require(::mount(source.c_str(), target.c_str(), type, 0, options.c_str()) == 0, "mount");
}

}  // namespace dropwarden::test
