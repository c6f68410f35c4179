// SPDX-License-Identifier: Apache-2.0
#include "support/temporary_directory.hpp"

#include <cstdlib>
#include <iostream>
#include <string>

#include "dropwarden/sys/error.hpp"

#include "support/mounts.hpp"

namespace dropwarden::test {

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

}  // namespace dropwarden::test
