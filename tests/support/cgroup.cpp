// SPDX-License-Identifier: Apache-2.0
#include "support/cgroup.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <unistd.h>
#include <vector>

#include "dropwarden/util/text.hpp"

#include "support/file.hpp"

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

void join_cgroups_of(int pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/cgroup");
  bool has_joined = false;
  for (auto line : util::split(text, '\n')) {
    util::take_until(line, ':');
    std::string name(util::take_until(line, ':'));
    if (name.starts_with("name=")) name.erase(0, 5);
    if (name.empty()) name = "unified";
    if (line.size() < 2) continue;
    for (const std::string& hierarchy : {"/" + name, std::string{}}) {
      const auto procs = "/sys/fs/cgroup" + hierarchy + std::string(line) + "/cgroup.procs";
      if (!std::ofstream(procs).is_open()) continue;
      std::ofstream(procs) << ::getpid() << std::flush;
      has_joined = true;
      break;
    }
  }
  if (!has_joined) throw std::runtime_error("no cgroup could be joined: " + text);
}

}  // namespace dropwarden::test
