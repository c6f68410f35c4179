// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/append_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <utility>

namespace dropwarden::sys {

AppendFile::AppendFile(AppendFileSettings settings) : settings_(std::move(settings)) {
  const auto slash = settings_.path.rfind('/');
  name_ = settings_.path.substr(slash + 1);
  const std::string directory = slash == 0 ? "/" : settings_.path.substr(0, slash);
  directory_ = Fd{::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!directory_) throw SystemError(last_error("open", directory));
  value_or_throw(open());
}

Result<void> AppendFile::append(std::string_view line) {
  auto written = prepare(line.size());
  if (written) written = write(line);
  if (!written) file_ = {};
  return written;
}

// The file is open, is what the name stands for, and has room.
Result<void> AppendFile::prepare(std::size_t bytes) {
  if (!file_ || !is_in_place()) {
    if (auto opened = open(); !opened) return opened;
  }
  made_ = std::min(made_, settings_.now());  // a clock was set back: its age counts from then
  const bool is_too_large = settings_.max_bytes != 0 && size_ != 0 && size_ + bytes > settings_.max_bytes;
  const bool is_too_old =
      settings_.max_age.count() != 0 && size_ != 0 && settings_.now() - made_ >= settings_.max_age;
  if (!is_too_large && !is_too_old) return {};
  if (auto rotated = rotate(); !rotated) return rotated;
  return open();
}

bool AppendFile::is_in_place() const {
  struct stat named{};
  if (::fstatat(directory_.number(), name_.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return named.st_ino == inode_ && named.st_dev == device_;
}

Result<void> AppendFile::open() {
  file_ = {};
  // Not blocking: a FIFO without a reader would hold us.
  constexpr int flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  Fd file{::openat(directory_.number(), name_.c_str(), flags, 0600)};
  if (!file) return unexpected_errno("open", settings_.path);
  struct statx status{};
  if (::statx(file.number(), "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &status) != 0)
    return unexpected_errno("statx", settings_.path);
  if (!S_ISREG(status.stx_mode))
    return std::unexpected(Error{.call = "open", .object = settings_.path, .number = EINVAL});
  inode_ = status.stx_ino;
  device_ = makedev(status.stx_dev_major, status.stx_dev_minor);
  size_ = status.stx_size;
  // Where the file system keeps no time of birth, age counts from here; so does that of a new file, and of
  // one from the future: clocks are set.
  made_ = settings_.now();
  if (size_ != 0 && (status.stx_mask & STATX_BTIME) != 0)
    made_ = std::min(made_, Clock::from_time_t(status.stx_btime.tv_sec));
  file_ = std::move(file);
  return end_torn_line();
}

// A machine that lost its power may leave a line without its end.
Result<void> AppendFile::end_torn_line() {
  char last = '\n';
  if (size_ == 0 || ::pread(file_.number(), &last, 1, static_cast<off_t>(size_ - 1)) != 1 || last == '\n')
    return {};
  return write("\n");
}

Result<void> AppendFile::write(std::string_view line) {
  const ssize_t count = ::write(file_.number(), line.data(), line.size());
  if (count == static_cast<ssize_t>(line.size())) {
    size_ += line.size();
    return {};
  }
  const int error = count < 0 ? errno : ENOSPC;
  if (count > 0 && ::ftruncate(file_.number(), static_cast<off_t>(size_)) != 0)
    size_ += static_cast<std::size_t>(count);
  return std::unexpected(Error{.call = "write", .object = settings_.path, .number = error});
}

Result<void> AppendFile::rotate() {
  for (std::size_t number = settings_.kept; number > 1; --number)
    if (auto moved = move(numbered(number - 1), numbered(number)); !moved) return moved;
  if (settings_.kept == 0) {
    if (::unlinkat(directory_.number(), name_.c_str(), 0) == 0 || errno == ENOENT) return {};
    return unexpected_errno("unlink", settings_.path);
  }
  return move(name_, numbered(1));
}

std::string AppendFile::numbered(std::size_t number) const {
  return name_ + "." + std::to_string(number);
}

Result<void> AppendFile::move(const std::string& from, const std::string& to) const {
  const int directory = directory_.number();
  if (::renameat(directory, from.c_str(), directory, to.c_str()) == 0 || errno == ENOENT) return {};
  return unexpected_errno("rename", settings_.path);
}

}  // namespace dropwarden::sys
