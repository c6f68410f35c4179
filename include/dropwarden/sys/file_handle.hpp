// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::sys {

// What a file system calls a file or directory by, whatever its names: opaque bytes, open_by_handle_at(2).
// Holds nothing open. The next file with the same inode number has another handle.
class FileHandle {
 public:
  static constexpr std::size_t max_bytes = 128;  // MAX_HANDLE_SZ

  FileHandle() = default;
  // Nothing when there are more bytes than a handle has.
  static std::optional<FileHandle> make(std::int32_t type, std::span<const std::byte> bytes);

  std::int32_t type() const { return type_; }
  std::span<const std::byte> bytes() const { return std::span(bytes_).first(size_); }

  friend bool operator==(const FileHandle&, const FileHandle&) = default;

 private:
  std::int32_t type_ = 0;
  std::uint8_t size_ = 0;
  std::array<std::byte, max_bytes> bytes_{};  // zero behind `size_`
};

// For tables; not meant to stand against somebody who chooses handles, which only the kernel does.
struct HashFileHandle {
  std::size_t operator()(const FileHandle& handle) const noexcept;
};

// The handle of an open file, also an O_PATH one (name_to_handle_at(2), AT_EMPTY_PATH). EOPNOTSUPP where the
// file system has none.
Result<FileHandle> read_handle(int fd);

// Opens what `handle` stands for on the file system that `mount` is on, an open descriptor that is not
// O_PATH. O_CLOEXEC is added. ESTALE when it is gone. Needs CAP_DAC_READ_SEARCH.
Result<Fd> open_by_handle(int mount, const FileHandle& handle, int flags);

}  // namespace dropwarden::sys
