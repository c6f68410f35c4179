// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>

namespace dropwarden::cli {

// An overlay of its own on a tmpfs of its own, with nothing in it but /tmp, and processes with it as their
// root. Owns the directory and both mounts; the destructor ends them.
class ThrowawayContainer {
 public:
  // Makes the directory and the tmpfs; throws sys::SystemError.
  ThrowawayContainer();
  ~ThrowawayContainer();
  ThrowawayContainer(const ThrowawayContainer&) = delete;
  ThrowawayContainer& operator=(const ThrowawayContainer&) = delete;

  // A place for files that are not part of the container.
  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path root() const { return directory_ / "merged"; }

  // Mounts the overlay; throws sys::SystemError.
  void mount();
  // Runs `work` in a child with a mount namespace of its own and the overlay as its root, and `meanwhile`
  // here before the child ends; false when `work` threw or could not be started.
  bool run(const std::function<void()>& work, const std::function<void()>& meanwhile = [] {}) const;

 private:
  std::filesystem::path directory_;
};

}  // namespace dropwarden::cli
