// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace dropwarden::test {

// A file system on a loop device, or `tmpfs`, mounted on a directory: in a file of `directory`, of the
// smallest size that all take. Unmounted, lazily if need be, by the destructor; the device goes with the
// mount.
class Disk {
 public:
  // Why there is none of that type here: no mkfs, no loop device, no such file system in the kernel. Empty:
  // there is. Tries it, once for each type.
  static std::string missing(const std::string& type, const std::string& directory);

  // `directory` is empty. Throws std::runtime_error.
  Disk(std::string type, std::string directory);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  const std::string& type() const { return type_; }
  std::string path() const { return directory_ + "/mounted"; }

 private:
  std::string type_;
  std::string directory_;
};

}  // namespace dropwarden::test
