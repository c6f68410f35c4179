// SPDX-License-Identifier: Apache-2.0
#include "support/temporary_directory.hpp"

#include <cstdlib>
#include <iostream>
#include <string>

#include "dropwarden/sys/error.hpp"

#include "support/command.hpp"
#include "support/mounts.hpp"

namespace dropwarden::test {

TemporaryDirectory::TemporaryDirectory() {
  std::string name = "/var/tmp/dw-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw sys::SystemError(sys::last_error("mkdtemp", name));
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  unmount_below(path_);
  // Through a bind mount that is still there it would remove what that shows.
  const auto removed = run_command({"rm", "--recursive", "--force", "--one-file-system", path_});
  if (!removed.status.is_success()) std::cerr << "left behind: " << path_ << ": " << removed.error;
}

}  // namespace dropwarden::test
