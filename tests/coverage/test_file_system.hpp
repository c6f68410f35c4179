// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dropwarden::test {

// A file system of its own at `directory`: tmpfs, or ext4, xfs or btrfs in an image that is mounted through a
// loop device, which the kernel gives back with the mount (LO_FLAGS_AUTOCLEAR, loop(4)).
class TestFileSystem {
 public:
  // mkfs.xfs makes none below 300 MB, mkfs.btrfs none below 109 MB. Images are sparse.
  static constexpr std::uintmax_t default_size = std::uintmax_t{512} << 20U;

  // `size` in bytes. Throws std::runtime_error.
  TestFileSystem(const std::string& type, std::string directory, std::uintmax_t size = default_size);
  ~TestFileSystem();
  TestFileSystem(const TestFileSystem&) = delete;
  TestFileSystem& operator=(const TestFileSystem&) = delete;

  const std::string& path() const { return directory_; }
  // False while anybody holds anything there.
  bool unmount();

 private:
  std::string directory_;
  bool is_mounted_ = true;
};

// Why there can be none of this type here: a reason for GTEST_SKIP, or empty.
std::string missing_for_file_system(const std::string& type);

}  // namespace dropwarden::test
