// SPDX-License-Identifier: Apache-2.0
#include "scratch.hpp"

#include <filesystem>
#include <sys/mount.h>

#include "support/child.hpp"

namespace dropwarden::test {

Scratch::Scratch() {
  // The daemon's monitor is another user, and its store lies below.
  std::filesystem::permissions(directory_.path(), std::filesystem::perms::others_exec,
                               std::filesystem::perm_options::add);
  std::filesystem::create_directory(directory_.path() / "m");
  require(
      ::mount("bench", (directory_.path() / "m").c_str(), "tmpfs", 0, "size=8g,nr_inodes=0,mode=0755") == 0,
      "mount");
}

std::string Scratch::make_directory() const {
  const auto path = directory_.path() / "m" / std::to_string(++count_);
  std::filesystem::create_directory(path);
  return path.string();
}

}  // namespace dropwarden::test
