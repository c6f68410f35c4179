// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dropwarden/classify/classify.hpp"

namespace dropwarden::classify {

// The bytes of a file as far as they were read. Readers of formats ask for what they need, and what they miss
// is what has to be read next: so each says it in one place, where it uses it.
class FileBytes {
 public:
  // `parts` must outlive it. The first is the head.
  FileBytes(std::uint64_t size, std::span<const Part> parts) noexcept;

  std::uint64_t size() const noexcept { return size_; }
  std::span<const std::byte> head() const noexcept;

  // The bytes at `offset`, at most `length` and `part_bytes`, cut where the file ends. Nothing when they were
  // not read, or not as far: then they are wanted.
  std::optional<std::span<const std::byte>> at(std::uint64_t offset, std::uint64_t length) noexcept;
  // The last `length` bytes, at most `part_bytes`: all of a smaller file.
  std::optional<std::span<const std::byte>> tail(std::size_t length) noexcept;

  // The first of what was missed.
  const std::optional<Extent>& wanted() const noexcept { return wanted_; }

 private:
  std::uint64_t size_;
  std::span<const Part> parts_;
  std::optional<Extent> wanted_;
};

}  // namespace dropwarden::classify
