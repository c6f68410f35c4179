// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/file_handle.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <string_view>

namespace dropwarden::sys {
namespace {

static_assert(FileHandle::max_bytes == MAX_HANDLE_SZ);

// struct file_handle ends in an array without a length.
struct Raw {
  alignas(struct file_handle) std::array<std::byte, sizeof(struct file_handle) + MAX_HANDLE_SZ> bytes{};

  struct file_handle* get() { return reinterpret_cast<struct file_handle*>(bytes.data()); }
  std::span<std::byte> opaque() { return std::span(bytes).subspan(sizeof(struct file_handle)); }
};

}  // namespace

std::optional<FileHandle> FileHandle::make(std::int32_t type, std::span<const std::byte> bytes) {
  if (bytes.size() > max_bytes) return std::nullopt;
  FileHandle handle;
  handle.type_ = type;
  handle.size_ = static_cast<std::uint8_t>(bytes.size());
  std::ranges::copy(bytes, handle.bytes_.begin());
  return handle;
}

std::size_t HashFileHandle::operator()(const FileHandle& handle) const noexcept {
  const auto bytes = handle.bytes();
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Result<FileHandle> read_handle(int fd) {
  Raw raw;
  raw.get()->handle_bytes = MAX_HANDLE_SZ;
  int mount_id = 0;
  if (::name_to_handle_at(fd, "", raw.get(), &mount_id, AT_EMPTY_PATH) != 0)
    return unexpected_errno("name_to_handle_at");
  const auto handle = FileHandle::make(
      raw.get()->handle_type,
      raw.opaque().first(std::min<std::size_t>(raw.get()->handle_bytes, FileHandle::max_bytes)));
  return *handle;
}

Result<Fd> open_by_handle(int mount, const FileHandle& handle, int flags) {
  Raw raw;
  raw.get()->handle_type = handle.type();
  raw.get()->handle_bytes = static_cast<unsigned>(handle.bytes().size());
  std::ranges::copy(handle.bytes(), raw.opaque().begin());
  const int number = ::open_by_handle_at(mount, raw.get(), flags | O_CLOEXEC);
  if (number < 0) return unexpected_errno("open_by_handle_at");
  return Fd{number};
}

}  // namespace dropwarden::sys
