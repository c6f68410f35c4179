// SPDX-License-Identifier: Apache-2.0
#include "overlay.hpp"

#include <filesystem>
#include <sys/mount.h>
#include <system_error>

namespace dropwarden::test {

TestOverlay::TestOverlay(std::string directory, std::string extra_options)
    : directory_(std::move(directory)), extra_options_(std::move(extra_options)) {
  for (const auto& path : {lower() + "/etc", lower() + "/tmp", upper(), work(), merged()}) {
    std::filesystem::create_directories(path);
  }
  mount();
}

TestOverlay::~TestOverlay() {
  if (!unmount()) ::umount2(merged().c_str(), MNT_DETACH);
  std::error_code ignored;  // what is still pinned goes with the test's mount namespace
  std::filesystem::remove_all(directory_, ignored);
}

void TestOverlay::mount() {
  const std::string options =
      "lowerdir=" + lower() + ",upperdir=" + upper() + ",workdir=" + work() + extra_options_;
  if (::mount("overlay", merged().c_str(), "overlay", 0, options.c_str()) != 0) {
    throw sys::SystemError(sys::last_error("mount", merged()));
  }
}

sys::Result<void> TestOverlay::unmount() {
  if (::umount2(merged().c_str(), UMOUNT_NOFOLLOW) != 0) return sys::unexpected_errno("umount", merged());
  return {};
}

}  // namespace dropwarden::test
