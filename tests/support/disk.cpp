// SPDX-License-Identifier: Apache-2.0
#include "disk.hpp"

#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <sys/mount.h>
#include <system_error>

#include "child.hpp"
#include "command.hpp"

namespace dropwarden::test {
namespace {

// xfs refuses to be smaller.
constexpr std::uintmax_t bytes = std::uintmax_t{320} << 20U;

}  // namespace

std::string Disk::missing(const std::string& type, const std::string& directory) {
  static std::map<std::string, std::string> known;
  const auto [answer, is_new] = known.try_emplace(type);
  if (!is_new) return answer->second;
  try {
    const Disk disk(type, directory);
  } catch (const std::exception& error) {
    answer->second = type + " cannot be made here: " + error.what();
  }
  return answer->second;
}

Disk::Disk(std::string type, std::string directory)
    : type_(std::move(type)), directory_(std::move(directory)) {
  std::filesystem::create_directories(path());
  if (type_ == "tmpfs") {
    require(::mount("disk", path().c_str(), "tmpfs", 0, "size=256m") == 0, "mount");
    return;
  }
  const std::string image = directory_ + "/image";
  std::ofstream(image).close();
  std::filesystem::resize_file(image, bytes);
  require_command({"mkfs." + type_, "-q", image});
  require_command({"mount", "-t", type_, "-o", "loop", image, path()});
}

Disk::~Disk() {
  ::umount2(path().c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

}  // namespace dropwarden::test
