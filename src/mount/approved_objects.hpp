// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <tuple>
#include <utility>

#include "dropwarden/model/mount.hpp"

namespace dropwarden::mount {

// A file or directory, seen through a mount.
struct ObjectKey {
  std::uint64_t mount_id = 0;
  model::Device device;  // subvolumes have their own
  std::uint64_t inode = 0;

  friend auto operator<=>(const ObjectKey& a, const ObjectKey& b) {
    return std::tuple(a.mount_id, a.device.major, a.device.minor, a.inode) <=>
           std::tuple(b.mount_id, b.device.major, b.device.minor, b.inode);
  }
};

// Those that were approved or asked for last: `capacity` of them at least, and twice as many at most. A
// value; pure.
class ApprovedObjects {
 public:
  explicit ApprovedObjects(std::size_t capacity) : capacity_(capacity) {}

  void add(const ObjectKey& object) {
    if (newest_.size() >= capacity_) older_ = std::exchange(newest_, {});
    newest_.insert(object);
  }
  // Keeps it as if it had been added now.
  bool contains(const ObjectKey& object) {
    if (newest_.contains(object)) return true;
    if (older_.erase(object) == 0) return false;
    add(object);
    return true;
  }

 private:
  std::size_t capacity_;
  std::set<ObjectKey> newest_;
  std::set<ObjectKey> older_;
};

}  // namespace dropwarden::mount
