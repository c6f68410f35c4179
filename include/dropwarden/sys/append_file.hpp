// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::sys {

struct AppendFileSettings {
  std::string path;                     // absolute
  std::uint64_t max_bytes = 0;          // rotated before it gets larger; 0: never
  std::chrono::milliseconds max_age{};  // rotated when it is older; 0: never
  std::size_t kept = 5;                 // files that were rotated: PATH.1 is the newest
  std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now;
};

// A file of lines, mode 0600, that grows at its end. Owns its directory and the file: the directory is opened
// by the constructor, with the rights of the calling process, and all else happens in there: opening,
// rotating by rename(2), opening anew once the file was renamed or removed by another. What was written in
// part when the disk was full is cut off again, so that each line is whole. One thread.
class AppendFile {
 public:
  // Throws SystemError when directory or file cannot be opened; EINVAL for what is no regular file.
  explicit AppendFile(AppendFileSettings settings);

  // `line` ends in a line feed.
  Result<void> append(std::string_view line);
  // The file was renamed: lets go of it and opens the one of its name, which is made where there is none.
  // After a failure the next line tries again.
  Result<void> reopen() { return open(); }

 private:
  using Clock = std::chrono::system_clock;

  Result<void> prepare(std::size_t bytes);
  bool is_in_place() const;
  Result<void> open();
  Result<void> end_torn_line();
  Result<void> write(std::string_view line);
  Result<void> rotate();
  std::string numbered(std::size_t number) const;
  Result<void> move(const std::string& from, const std::string& to) const;

  const AppendFileSettings settings_;
  std::string name_;
  Fd directory_;
  Fd file_;
  std::uint64_t inode_ = 0;
  std::uint64_t device_ = 0;
  std::uint64_t size_ = 0;
  Clock::time_point made_;
};

}  // namespace dropwarden::sys
