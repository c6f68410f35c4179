// SPDX-License-Identifier: Apache-2.0
#include "test_file_system.hpp"

#include <filesystem>
#include <sys/mount.h>

#include "dropwarden/sys/error.hpp"

#include "support/child.hpp"
#include "support/command.hpp"
#include "support/file.hpp"

namespace dropwarden::test {
namespace {

std::vector<std::string> make_command(const std::string& type) {
  if (type == "ext4") return {"mkfs.ext4", "-q", "-F"};
  // Copy-on-write links, which make reflinks possible, need metadata that is checked.
  if (type == "xfs") return {"mkfs.xfs", "-q", "-f", "-m", "crc=1,reflink=1"};
  return {"mkfs.btrfs", "-q", "-f"};
}

void make_image(const std::string& type, const std::string& image, std::uintmax_t size) {
  write_file(image, "");
  std::filesystem::resize_file(image, size);
  auto command = make_command(type);
  command.push_back(image);
  require_command(command);
}

}  // namespace

TestFileSystem::TestFileSystem(const std::string& type, std::string directory, std::uintmax_t size)
    : directory_(std::move(directory)) {
  std::filesystem::create_directories(directory_);
  if (type == "tmpfs") {
    require(::mount("test", directory_.c_str(), "tmpfs", 0, "size=512m") == 0, "mount");
    return;
  }
  const std::string image = directory_ + ".image";
  make_image(type, image, size);
  require_command({"mount", "-t", type, "-o", "loop", image, directory_});
  // The loop device holds it.
  std::filesystem::remove(image);
}

TestFileSystem::~TestFileSystem() {
  if (!unmount()) ::umount2(directory_.c_str(), MNT_DETACH);
}

bool TestFileSystem::unmount() {
  if (is_mounted_ && ::umount2(directory_.c_str(), UMOUNT_NOFOLLOW) == 0) is_mounted_ = false;
  return !is_mounted_;
}

std::string missing_for_file_system(const std::string& type) {
  if (type == "tmpfs") return {};
  const auto program = make_command(type).front();
  if (!run_command({"sh", "-c", "command -v " + program}).status.is_success())
    return "SKIP runtime: " + program + " is not installed";
  run_command({"modprobe", "--quiet", type});
  if (read_file("/proc/filesystems").find("\t" + type + "\n") == std::string::npos)
    return "SKIP kernel: it has no " + type;
  run_command({"modprobe", "--quiet", "loop"});
  return {};
}

}  // namespace dropwarden::test
