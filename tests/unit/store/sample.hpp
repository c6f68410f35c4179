// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "dropwarden/store/finding.hpp"

namespace dropwarden::store {

inline util::WallTime at(int seconds) {
  return util::WallTime{std::chrono::seconds{seconds}};
}

// The `number`th finding, seen at that second.
inline StoredFinding finding(int number, unsigned revision = 1) {
  const std::string digits = std::to_string(number);
  StoredFinding finding;
  finding.id = std::string(32 - digits.size(), '0') + digits;
  finding.place = {std::byte{1}, static_cast<std::byte>(number)};
  finding.content = {std::byte{2}, static_cast<std::byte>(number)};
  finding.container = "c";
  finding.file_system = "rootfs";
  finding.inode = ~std::uint64_t{0};  // more than SQLite's integers hold
  finding.path = "/tmp/x";
  finding.path_state = "live";
  finding.detected_by = "close_write";
  finding.revision = revision;
  finding.seen = at(number);
  finding.record = "{\"number\":" + digits + "}";
  return finding;
}

}  // namespace dropwarden::store
