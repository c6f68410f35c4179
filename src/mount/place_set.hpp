// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "dropwarden/model/mount.hpp"

#include "teller.hpp"

namespace dropwarden::mount {

// Directories and files of file systems, by their paths in those, and when each was seen last. A value; pure.
class PlaceSet {
 public:
  using Clock = std::chrono::steady_clock;

  // Nothing new beyond the teller's share. What several tell of is in the share of the first.
  void add(const model::Device& device, std::string path, Clock::time_point now, const Teller& teller = {});
  // Nothing new below what is a place already: who shows a place can show any part of it as well, as often as
  // it likes. Whether it is a place of its own.
  bool add_outermost(const model::Device& device, const std::string& path, Clock::time_point now,
                     const Teller& teller = {});
  // Whether `path` is one of them or below one.
  bool contains(const model::Device& device, std::string_view path) const;
  // Forgets what was seen last before that.
  void expire(Clock::time_point before);

 private:
  struct Place {
    Clock::time_point seen;
    Teller teller;  // in whose share it is
  };
  std::unordered_map<model::Device, std::map<std::string, Place, std::less<>>> places_;
  Shares shares_;
};

// What the kernel calls `path` in the file system of `mount`, below whose mount point it lies; nothing where
// it does not. Pure.
std::optional<std::string> path_in_file_system(const model::Mount& mount, std::string_view path);

}  // namespace dropwarden::mount
