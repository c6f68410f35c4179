// SPDX-License-Identifier: Apache-2.0
#include "support/cgroup.hpp"

#include <filesystem>
#include <unistd.h>
#include <vector>

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;

// The files in a cgroup go with it: remove_all would fail on the first of them.
void remove_tree(const fs::path& cgroup) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(cgroup, ignored)) {
    if (entry.is_directory(ignored) && !entry.is_symlink(ignored)) remove_tree(entry.path());
  }
  ::rmdir(cgroup.c_str());
}

}  // namespace

void remove_cgroups(const std::string& path) {
  const fs::path root = "/sys/fs/cgroup";
  remove_tree(root.string() + path);
  std::error_code ignored;
  for (const auto& hierarchy : fs::directory_iterator(root, ignored)) {
    if (hierarchy.is_directory(ignored)) remove_tree(hierarchy.path().string() + path);
  }
}

}  // namespace dropwarden::test
