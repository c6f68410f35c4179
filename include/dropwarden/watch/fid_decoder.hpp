// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/sys/file_handle.hpp"

namespace dropwarden::watch {

// A file or directory as a record names it: its file system, and its handle there.
struct Fid {
  model::FileSystemId file_system;  // f_fsid
  sys::FileHandle handle;

  friend bool operator==(const Fid&, const Fid&) = default;
};

// One record of an fanotify group in FID mode (FAN_REPORT_DFID_NAME, FAN_REPORT_FID), as bytes say it.
struct FidEvent {
  std::uint64_t mask = 0;  // several events of one object merge while they are queued
  model::Pid pid;
  bool is_overflow = false;  // FAN_Q_OVERFLOW: records were dropped; nothing else is said
  // The directory that the event happened in, and the name there: raw bytes, a view into the buffer. Empty
  // where the kernel told no name (a change of the link count), `.` where it is the directory itself.
  std::optional<Fid> directory;
  std::string_view name;
  // The object; of an event of names (MOVED_TO and the like) only with FAN_REPORT_TARGET_FID.
  std::optional<Fid> object;

  bool is_directory() const;  // FAN_ONDIR
};

// Walks a buffer that read(2) filled from a group. Pure; never reads outside `bytes`, and the events are
// views into them. A record that is malformed (cut, of another metadata version, or with an information
// record that contradicts itself) ends the iteration, and `is_malformed` is true: what followed in the buffer
// is lost. Information records of other types are passed over (fanotify(7)).
class FidDecoder {
 public:
  explicit FidDecoder(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::optional<FidEvent> next();
  bool is_malformed() const { return is_malformed_; }

 private:
  std::nullopt_t give_up();

  std::span<const std::byte> rest_;
  bool is_malformed_ = false;
};

}  // namespace dropwarden::watch
