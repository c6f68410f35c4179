// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::store {

struct CaptureSettings {
  std::string directory;                              // absolute
  std::uint64_t max_bytes = std::uint64_t{1} << 30U;  // of all copies, see `CaptureDirectory`
  // Of the disk, which findings may be on too: nothing is copied when less would be left.
  std::uint64_t spare_bytes = std::uint64_t{64} << 20U;
};

// Copies of dropped files in a directory of their own: each is named by the SHA-256 of its bytes, so that the
// same bytes are there once and no name is of a container's choosing; has mode 0400, without an execute bit;
// and gets its name when it is whole and on the disk, so that a daemon that is killed leaves nothing half.
// The directory is 0700 and held open: nothing is reached by a path after that.
//
// The quota counts a copy as large as its file, since a hole may be filled when the disk is restored from a
// backup, and as 4 KiB at least, which bounds their number. When it is reached nothing more is copied: what
// is there is not given up for what comes later, or an intruder could flush it out. Somebody has to move
// copies away, which is noticed within ten seconds. One thread at a time.
class CaptureDirectory {
 public:
  using Clock = std::chrono::steady_clock;

  // A copy that is being written. It is gone with this unless it is kept.
  class Copy {
   public:
    // Bytes of the file at `offset`. Zeros stay a hole.
    sys::Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes);

   private:
    friend class CaptureDirectory;
    explicit Copy(sys::Fd file) : file_(std::move(file)) {}
    sys::Fd file_;
  };

  // Makes the directory where it is missing, but not its parents, and looks at what is in it. Throws
  // sys::SystemError, and std::runtime_error where others may change the directory, or its file system has no
  // files without a name.
  CaptureDirectory(CaptureSettings settings, Clock::time_point now);

  // Whether a copy may be called so: 64 hexadecimal digits.
  static bool is_name(const std::string& name);

  // Whether a file of this size and hash is there.
  bool has(const std::string& sha256, std::uint64_t size) const;
  // Nothing where a file of `size` bytes would be more than the quota allows. ENOSPC where too little of the
  // disk would be left.
  sys::Result<std::optional<Copy>> begin(std::uint64_t size, Clock::time_point now);
  // All `size` bytes were written, and this is their hash: 64 hexadecimal digits. EEXIST when something else
  // has that name.
  sys::Result<void> keep(Copy copy, std::uint64_t size, const std::string& sha256);

  std::string path_of(const std::string& sha256) const;
  // As the quota counts.
  std::uint64_t used_bytes() const { return used_; }
  std::uint64_t max_bytes() const { return settings_.max_bytes; }

 private:
  void look_through(Clock::time_point now);
  bool has_room(std::uint64_t size) const;

  const CaptureSettings settings_;
  sys::Fd directory_;
  std::uint64_t used_ = 0;
  Clock::time_point looked_{};
};

}  // namespace dropwarden::store
