// SPDX-License-Identifier: Apache-2.0
#include "private_overlay.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

namespace dropwarden::privilege {

sys::Result<void> leave_mounts() {
  if (::unshare(CLONE_NEWNS) != 0) return sys::unexpected_errno("unshare", "mount namespace");
  if (::mount("", "/", "", MS_REC | MS_SLAVE, nullptr) != 0) return sys::unexpected_errno("mount", "/");
  return {};
}

sys::Result<void> make_tmpfs(const std::string& place) {
  if (::mount("dropwarden", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700,size=1m") != 0)
    return sys::unexpected_errno("mount", "tmpfs");
  return {};
}

sys::Result<void> make_overlay(const std::string& place) {
  for (const char* name : {"/lower", "/upper", "/work", "/merged"}) {
    if (::mkdir((place + name).c_str(), 0700) != 0) return sys::unexpected_errno("mkdir", name);
  }
  const std::string options =
      "lowerdir=" + place + "/lower,upperdir=" + place + "/upper,workdir=" + place + "/work";
  if (::mount("dropwarden", (place + "/merged").c_str(), "overlay", 0, options.c_str()) != 0)
    return sys::unexpected_errno("mount", "overlay");
  return {};
}

}  // namespace dropwarden::privilege
