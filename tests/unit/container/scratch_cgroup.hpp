// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <string>
#include <sys/types.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

#include "dropwarden/container/hierarchy.hpp"
#include "dropwarden/model/ids.hpp"

namespace dropwarden::container {

// A real cgroup in one hierarchy, removed with all below it. To be declared before the processes that move
// in: a cgroup with processes cannot be removed.
class ScratchCgroup {
 public:
  ScratchCgroup(const Hierarchy& hierarchy, const std::string& path)
      : directory_(hierarchy.mount_point + path) {
    std::filesystem::create_directories(directory_);
  }
  ScratchCgroup(ScratchCgroup&& other) noexcept : directory_(std::exchange(other.directory_, {})) {}
  ScratchCgroup& operator=(ScratchCgroup&&) = delete;
  ScratchCgroup(const ScratchCgroup&) = delete;
  ScratchCgroup& operator=(const ScratchCgroup&) = delete;
  ~ScratchCgroup() {
    if (!directory_.empty()) remove(directory_);
  }

  void move_in(model::Pid pid) const {
    std::ofstream(directory_ / "cgroup.procs") << pid.value << std::flush;
  }

 private:
  // Files of a cgroup cannot be unlinked: only rmdir(2), children first, works.
  static void remove(const std::filesystem::path& directory) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
      if (entry.is_directory(ignored)) remove(entry.path());
    }
    // A process that has been reaped may still be on its way out of the cgroup.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (::rmdir(directory.c_str()) != 0 && errno == EBUSY) {
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << directory << " is still busy";
        return;
      }
      std::this_thread::yield();
    }
  }

  std::filesystem::path directory_;
};

// A child that does nothing until it is killed.
class Idler {
 public:
  // `fork_child` is fork(2) or does as it does.
  explicit Idler(pid_t (*fork_child)() = ::fork) : pid_(fork_child()) {
    if (pid_ == 0) {
      for (;;) ::pause();
    }
  }
  Idler(const Idler&) = delete;
  Idler& operator=(const Idler&) = delete;
  ~Idler() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  // Negative where the child could not be made.
  model::Pid pid() const { return {pid_}; }

 private:
  pid_t pid_;
};

}  // namespace dropwarden::container
