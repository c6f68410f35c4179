// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <unordered_map>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::monitor {

// What tells one state of a file from another, as far as fstat(2) can: a store through a mapping to a page
// that is dirty already leaves all of it as it was.
struct FileNumbers {
  model::Device device;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  util::WallTime changed;  // ctime

  friend bool operator==(const FileNumbers&, const FileNumbers&) = default;
};

// Files that were looked at closely, so that a program which is executed over and over is not hashed each
// time. Since a file can change without a number of it changing, it is due again after a pause, which doubles
// with each look from 10 s to 10 minutes. The least recent are forgotten. One thread.
class RecentFiles {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t capacity = 4096;

  // Whether the last look at it is not long ago.
  bool contains(const FileNumbers& file, Clock::time_point now) const;
  // It was looked at now.
  void add(const FileNumbers& file, Clock::time_point now);
  // Nobody has mapped it for writing: who does from now on changes a number of it with the first store.
  void settle(const FileNumbers& file);
  bool is_settled(const FileNumbers& file) const;

 private:
  struct Hash {
    std::size_t operator()(const FileNumbers& file) const noexcept;
  };
  struct Look {
    Clock::time_point due;
    Clock::duration pause;
    bool is_settled = false;
  };
  std::unordered_map<FileNumbers, Look, Hash> looks_;
  std::deque<FileNumbers> order_;
};

}  // namespace dropwarden::monitor
