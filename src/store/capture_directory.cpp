// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/store/capture_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <sys/stat.h>
#include <utility>

#include "dropwarden/sys/directory.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/new_file.hpp"
#include "dropwarden/util/check.hpp"
#include "dropwarden/util/escape.hpp"

// Owns the directory and the one copy that is being written. Must not own a descriptor of a container.
namespace dropwarden::store {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t copy_mode = 0400;
constexpr std::uint32_t directory_mode = 0700;
constexpr std::uint64_t least_counted = 4096;
constexpr std::size_t max_names = 1'000'000;
constexpr auto between_looks = 10s;

std::uint64_t counted(std::uint64_t size) {
  return std::max(size, least_counted);
}

}  // namespace

bool CaptureDirectory::is_name(const std::string& name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

sys::Result<void> CaptureDirectory::Copy::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; })) return {};
  return sys::write_at(file_.number(), bytes, offset);
}

CaptureDirectory::CaptureDirectory(CaptureSettings settings, Clock::time_point now)
    : settings_(std::move(settings)) {
  sys::value_or_throw(sys::make_directory(settings_.directory, directory_mode));
  if (!sys::value_or_throw(sys::is_private_directory(settings_.directory)))
    throw std::runtime_error("others than root may change the directory \"" +
                             util::escape(settings_.directory) + "\"");
  directory_ = sys::value_or_throw(sys::open_path(settings_.directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  auto tried = sys::open_unnamed_file(directory_.number());
  if (!tried && (tried.error().number == EOPNOTSUPP || tried.error().number == EISDIR))
    throw std::runtime_error("the file system of the directory \"" + util::escape(settings_.directory) +
                             "\" has no files without a name (O_TMPFILE)");
  sys::value_or_throw(std::move(tried));
  look_through(now);
}

// What a stranger put there counts too: it is the operator's disk.
void CaptureDirectory::look_through(Clock::time_point now) {
  looked_ = now;
  used_ = 0;
  const auto names = sys::list_directory(directory_.number(), max_names);
  for (const std::string& name : sys::value_or_throw(names)) {
    const auto status = sys::read_cached_entry_status(directory_.number(), name);
    if (status) used_ += counted(status->size);
  }
}

bool CaptureDirectory::has_room(std::uint64_t size) const {
  return used_ <= settings_.max_bytes && counted(size) <= settings_.max_bytes - used_;
}

bool CaptureDirectory::has(const std::string& sha256, std::uint64_t size) const {
  if (!is_name(sha256)) return false;
  const auto status = sys::read_cached_entry_status(directory_.number(), sha256);
  return status && S_ISREG(status->mode) && status->size == size;
}

sys::Result<std::optional<CaptureDirectory::Copy>> CaptureDirectory::begin(std::uint64_t size,
                                                                           Clock::time_point now) {
  if (!has_room(size) && now - looked_ >= between_looks) look_through(now);
  if (!has_room(size)) return std::nullopt;
  const auto free = sys::read_free_bytes(directory_.number());
  if (!free) return std::unexpected(free.error());
  if (*free < settings_.spare_bytes || *free - settings_.spare_bytes < size)
    return std::unexpected(sys::Error{"open", settings_.directory, ENOSPC});
  auto file = sys::open_unnamed_file(directory_.number());
  if (!file) return std::unexpected(file.error());
  return Copy(std::move(*file));
}

sys::Result<void> CaptureDirectory::keep(Copy copy, std::uint64_t size, const std::string& sha256) {
  util::check(is_name(sha256), "a copy is named by its hash");
  const int file = copy.file_.number();
  // What a hole at its end is part of, too.
  if (auto done = sys::set_size(file, size); !done) return done;
  if (auto done = sys::set_mode(file, copy_mode); !done) return done;
  // After a power failure, too, a name stands for what was hashed.
  if (auto done = sys::flush_data(file); !done) return done;
  const auto is_named = sys::link_unnamed_file(file, directory_.number(), sha256);
  if (!is_named) return std::unexpected(is_named.error());
  if (*is_named) {
    used_ += counted(size);
  } else if (!has(sha256, size)) {
    return std::unexpected(sys::Error{"linkat", sha256, EEXIST});
  }
  return {};
}

std::string CaptureDirectory::path_of(const std::string& sha256) const {
  return settings_.directory + "/" + sha256;
}

}  // namespace dropwarden::store
