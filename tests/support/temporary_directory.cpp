// SPDX-License-Identifier: Apache-2.0
#include "support/temporary_directory.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <mntent.h>
#include <stdexcept>
#include <sys/mount.h>
#include <vector>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::test {
namespace {

// Mount points below `directory`, in the order in which they were mounted.
std::vector<std::string> mount_points_below(const std::filesystem::path& directory) {
  const std::unique_ptr<FILE, int (*)(FILE*)> table(::setmntent("/proc/self/mounts", "re"), &::endmntent);
  if (!table) throw sys::SystemError(sys::last_error("setmntent", "/proc/self/mounts"));
  const std::string prefix = directory.string() + "/";
  std::vector<std::string> found;
  // An overlay of a hundred layers has a line of several kilobytes.
  std::vector<char> line(1U << 16U);
  struct mntent entry{};
  while (::getmntent_r(table.get(), &entry, line.data(), static_cast<int>(line.size())) != nullptr) {
    if (std::string_view(entry.mnt_dir).starts_with(prefix)) found.emplace_back(entry.mnt_dir);
  }
  return found;
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string name = "/var/tmp/dw-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw sys::SystemError(sys::last_error("mkdtemp", name));
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  // Removing through a bind mount that is still there would remove what it shows.
  if (!unmount_below(path_)) {
    std::cerr << "left behind, since something is still mounted there: " << path_ << '\n';
    return;
  }
  std::error_code error;
  std::filesystem::remove_all(path_, error);
  if (error) std::cerr << "left behind: " << path_ << ": " << error.message() << '\n';
}

std::string TemporaryDirectory::make_directory(std::string_view name) const {
  const auto path = path_ / name;
  std::filesystem::create_directories(path);
  return path.string();
}

bool unmount_below(const std::filesystem::path& directory) {
  const auto mount_points = mount_points_below(directory);
  for (auto point = mount_points.rbegin(); point != mount_points.rend(); ++point) {
    ::umount2(point->c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  }
  return mount_points.empty() || mount_points_below(directory).empty();
}

void write_file(const std::string& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content << std::flush;
  if (!file) throw std::runtime_error("cannot write " + path);
}

std::string read_whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace dropwarden::test
