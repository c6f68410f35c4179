// SPDX-License-Identifier: Apache-2.0
#include "private_mounts.hpp"

#include <filesystem>
#include <sched.h>
#include <sys/mount.h>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::test {

std::optional<std::string> try_enter_private_mounts() {
  if (::unshare(CLONE_NEWNS) != 0) return sys::last_error("unshare").text();
  if (::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0) return sys::last_error("mount", "/").text();
  if (::mount("dropwarden-test", scratch().c_str(), "tmpfs", 0, "mode=0700") != 0) {
    return sys::last_error("mount", scratch()).text();
  }
  return std::nullopt;
}

std::string make_scratch_directory() {
  static int count = 0;
  std::string path = scratch() + "/" + std::to_string(++count);
  std::filesystem::create_directory(path);
  return path;
}

}  // namespace dropwarden::test
