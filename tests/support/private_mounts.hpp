// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace dropwarden::test {

// Moves the calling process, which has no other thread, into a mount namespace of its own: what it mounts
// there is seen by nobody else and goes with it, also when it is killed. A fresh tmpfs lies on `scratch()`.
// Returns why it could not (no CAP_SYS_ADMIN), or nothing. Once.
std::optional<std::string> try_enter_private_mounts();

// A directory that only this process and its children see, once it has entered private mounts.
inline std::string scratch() {
  return "/mnt";
}

// A new empty directory below `scratch()`.
std::string make_scratch_directory();

}  // namespace dropwarden::test
