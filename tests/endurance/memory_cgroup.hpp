// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>

namespace dropwarden::test {

// A cgroup with a memory controller, of whichever version has it (cgroups(7)): version 1 in its own
// hierarchy, cgroup2 alone, or both beside each other, where the kernel lends the controller to one of them.
// Does not remove the cgroup: who owns the parent does. One thread.
class MemoryCgroup {
 public:
  // `parent`/monitor, where `parent` is `/name` and has no processes of its own: version 2 would give its
  // children no controllers. `root` is /sys/fs/cgroup, and `own` what /proc/self/cgroup says. Else why there
  // is none.
  static std::expected<MemoryCgroup, std::string> make(const std::string& root, const std::string& parent,
                                                       const std::string& own);

  const std::string& directory() const { return directory_; }
  bool is_v2() const { return is_v2_; }

  // The calling process moves in, and back to where it was. What it starts in between stays, with all that it
  // ever allocates: memory is charged to the cgroup in which it is touched first, and moves with nobody. Both
  // throw std::runtime_error.
  void enter() const;
  void leave() const;

  // Leaves room for `room` bytes more than what cannot be taken back, which the kernel may end a process for.
  // Throws when the kernel does not take the limit.
  void squeeze(std::uint64_t room) const;
  void release() const;
  // How often a process had to wait for memory, or did not get it, on account of a limit.
  std::uint64_t hits() const;

 private:
  MemoryCgroup(std::string directory, std::string home, bool is_v2)
      : directory_(std::move(directory)), home_(std::move(home)), is_v2_(is_v2) {}
  void set(const std::string& file, const std::string& value) const;
  std::uint64_t bytes_that_stay() const;

  std::string directory_;
  std::string home_;  // where the calling process was
  bool is_v2_;
};

}  // namespace dropwarden::test
