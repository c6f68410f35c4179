// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::monitor {

// How much evidence there may be at once: so many bytes in memory, and so many descriptors. Any thread.
class EvidenceRoom {
 public:
  explicit EvidenceRoom(std::size_t max_bytes = std::size_t{32} << 20U, std::size_t max_files = 256)
      : room_(std::make_shared<Room>(max_bytes, max_files)) {}

  // Given back with its destruction.
  class Place {
   public:
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&& other) noexcept {
      std::swap(left_, other.left_);
      std::swap(amount_, other.amount_);
      return *this;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      if (left_) *left_ += amount_;
    }

   private:
    friend class EvidenceRoom;
    Place(std::shared_ptr<std::atomic<std::size_t>> left, std::size_t amount)
        : left_(std::move(left)), amount_(amount) {}
    std::shared_ptr<std::atomic<std::size_t>> left_;
    std::size_t amount_ = 0;
  };
  std::optional<Place> take_bytes(std::uint64_t size) { return take(room_->bytes, size); }
  std::optional<Place> take_file() { return take(room_->files, 1); }

 private:
  struct Room {
    Room(std::size_t max_bytes, std::size_t max_files) : bytes(max_bytes), files(max_files) {}
    std::atomic<std::size_t> bytes;
    std::atomic<std::size_t> files;
  };
  std::optional<Place> take(std::atomic<std::size_t>& left, std::uint64_t amount);

  std::shared_ptr<Room> room_;
};

// What a copy of a file can be made of: the bytes that were hashed, or the very descriptor. It waits for what
// the policy says, and pins nothing of the container.
struct Evidence {
  EvidenceRoom::Place place;
  std::vector<std::byte> bytes;  // all of the file; empty: it is to be read
  sys::Fd file;
  std::uint64_t size = 0;
};

// Gathers the bytes of a file while it is hashed (attribute::OnChunk).
class EvidenceBytes {
 public:
  explicit EvidenceBytes(std::uint64_t size) : bytes_(static_cast<std::size_t>(size)) {}
  void add(std::uint64_t offset, std::span<const std::byte> bytes);
  // All were there.
  bool is_whole() const { return end_ == bytes_.size(); }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
  std::size_t end_ = 0;
};

}  // namespace dropwarden::monitor
