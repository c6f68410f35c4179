// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <system_error>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::sys {

// A directory of the test's own, removed with all that is in it. In /var/tmp: a disk's file system, whose
// files can be leased.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = "/var/tmp/dropwarden-sys-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw SystemError(last_error("mkdtemp", name));
    path_ = name;
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string operator/(const std::string& name) const { return path_ / name; }
  // Writes a file, its directories made as needed; its path.
  std::string write(const std::string& name, std::string_view content) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }
  Fd open() const { return value_or_throw(open_path(path_, O_PATH | O_DIRECTORY)); }

 private:
  std::filesystem::path path_;
};

}  // namespace dropwarden::sys
