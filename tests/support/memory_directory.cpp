// SPDX-License-Identifier: Apache-2.0
#include "support/memory_directory.hpp"

#include <filesystem>
#include <sys/mount.h>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::test {

MemoryDirectory::MemoryDirectory() {
  std::filesystem::create_directory(path());
  if (::mount("test", path().c_str(), "tmpfs", 0, "size=512m") != 0)
    throw sys::SystemError(sys::last_error("mount", path()));
}

std::string MemoryDirectory::path(const std::string& name) const {
  return (directory_.path() / "files" / name).string();
}

}  // namespace dropwarden::test
