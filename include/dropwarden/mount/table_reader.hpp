// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dropwarden/model/mount.hpp"
#include "dropwarden/mount/statmount.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::mount {

// Reads the host's mount table again and again. Where the kernel lists mounts by numbers that are never used
// twice (listmount(2), Linux 6.8, of another mount namespace 6.11) and says of each all that mountinfo says
// (statmount(2), Linux 6.13), only what has come is read. Any one thread.
//
// Numbers do not tell of a mount that was moved, remounted, or made shared. When nothing else has changed,
// that is seen at once, since the table is read whole then; together with a mount that came or went, a few
// seconds later: `due`.
class TableReader {
 public:
  using Clock = std::chrono::steady_clock;
  using Table = std::vector<model::Mount>;
  // Privilege::list_mounts and Privilege::read_mounts.
  struct Calls {
    std::function<sys::Result<std::vector<std::uint64_t>>()> list;
    std::function<std::vector<sys::Result<std::string>>(const std::vector<std::uint64_t>&)> read;
  };

  TableReader() = default;  // reads it whole each time
  explicit TableReader(Calls calls) : calls_(std::move(calls)) {}
  explicit TableReader(privilege::Privilege& privilege);

  // The table as it is now; `mountinfo` is the open file of it.
  sys::Result<Table> read(int mountinfo, Clock::time_point now);
  // When to read it again, though nobody has told of a change.
  std::optional<Clock::time_point> due() const { return due_; }
  // Whether the last reading may be another than the one before.
  bool is_news() const { return is_news_; }

 private:
  sys::Result<Table> read_whole(int mountinfo, Clock::time_point now);
  bool follow(Clock::time_point now);
  void begin(const Table& whole, Clock::time_point now);
  std::vector<std::uint64_t> find_changed_below(std::span<const std::uint64_t> come) const;
  bool read_all(std::span<const std::uint64_t> numbers);
  Table table() const;

  Calls calls_;
  bool is_following_ = false;
  bool is_news_ = true;
  std::vector<std::uint64_t> numbers_;  // in the table's order
  std::unordered_map<std::uint64_t, NumberedMount> mounts_;
  std::optional<Clock::time_point> due_;
  Clock::time_point next_try_{};
};

}  // namespace dropwarden::mount
