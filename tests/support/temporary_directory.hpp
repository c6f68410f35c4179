// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace dropwarden::test {

// A directory below /var/tmp that goes away with this object, and with it all that is mounted below it. Its
// path is short, since runtimes put sockets into it: sun_path holds 108 bytes (unix(7)). /var/tmp and not
// /tmp: that is often a tmpfs, where older kernels take no upperdir, and images are large.
class TemporaryDirectory {
 public:
  // Throws SystemError.
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace dropwarden::test
