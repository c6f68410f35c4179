// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::sys {

// inotify(7) on a directory of the host: files in it that are written, made, renamed or removed. Not below
// it, and not through a memory mapping.
class DirectoryWatch {
 public:
  static Result<DirectoryWatch> open(const std::string& directory);

  // Readable while something has happened since `forget`.
  int descriptor() const { return inotify_.number(); }
  // What has happened until now is known.
  void forget();
  // Until something happens (true) or the time is up, or a signal came; then it is forgotten.
  bool wait(std::chrono::milliseconds time);

 private:
  explicit DirectoryWatch(Fd inotify) : inotify_(std::move(inotify)) {}

  Fd inotify_;
};

}  // namespace dropwarden::sys
