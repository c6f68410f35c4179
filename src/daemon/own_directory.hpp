// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "dropwarden/sys/fd.hpp"

#include "demotion.hpp"

namespace dropwarden::daemon {

// A directory that may be given to the user of the monitor.
struct OwnDirectory {
  sys::Fd file;
  std::vector<std::string> names;  // of what is in it
};

// Opens `path`, with `flags` besides, and makes it where it is missing. An error, for people, where others
// than root and `user` may change it, or where it holds more than `most_files`, or what `is_own` does not
// know: then it is not for the monitor alone.
std::expected<OwnDirectory, std::string> open_own_directory(
    const std::string& path, int flags, std::size_t most_files, const User& user,
    const std::function<bool(const std::string& name)>& is_own);

}  // namespace dropwarden::daemon
