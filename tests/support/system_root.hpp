// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::test {

// A place to run programs of another Debian release: a mount namespace whose root are the files of that
// release (`enter_shared_mounts_at`). It goes with this object and its last process.
class SystemRoot {
 public:
  // The files of a Debian 13, which tests/support/debian-root makes and keeps: it takes minutes the first
  // time. `directory` is shared (`share_mounts`). Throws std::runtime_error when there are none.
  static SystemRoot open_debian_13(const std::string& directory);

  // For nsenter(1), while this object lives in the process that made it.
  std::string path() const;

 private:
  explicit SystemRoot(sys::Fd mount_namespace) : mount_namespace_(std::move(mount_namespace)) {}

  sys::Fd mount_namespace_;
};

}  // namespace dropwarden::test
