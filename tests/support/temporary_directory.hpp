// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace dropwarden::test {

// A directory below /var/tmp that goes away with this object, and with it all that is mounted below it. Its
// path is short, since runtimes put sockets into it: sun_path holds 108 bytes (unix(7)). /var/tmp and not
// /tmp: an overlay's upperdir needs a disk file system on older kernels, and images are large.
class TemporaryDirectory {
 public:
  // Throws SystemError.
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string operator/(std::string_view name) const { return (path_ / name).string(); }

  // Makes a directory below this one, and returns its path.
  std::string make_directory(std::string_view name) const;

 private:
  std::filesystem::path path_;
};

// Unmounts what is mounted below `directory`, the last mounted first, lazily: a runtime that was killed
// leaves mounts that are busy. False when something is still mounted afterwards.
bool unmount_below(const std::filesystem::path& directory);

void write_file(const std::string& path, std::string_view content);
std::string read_whole_file(const std::string& path);

}  // namespace dropwarden::test
