// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dropwarden/model/container.hpp"
#include "dropwarden/model/decision.hpp"
#include "dropwarden/model/file_kind.hpp"
#include "dropwarden/model/ids.hpp"
#include "dropwarden/model/process.hpp"
#include "dropwarden/model/signature.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::model {

// What showed a file.
enum class Sensor {
  close_write,  // it was closed after writing: FAN_CLOSE_WRITE on the container's mount
  scan,         // it lay there when the container's files were walked
  exec,         // it was executed: FAN_OPEN_EXEC on the container's mount
  upper_layer,  // an event of the file system that holds the container's upper directory or volume
  second_look,  // it was looked at again some time after it was closed
};
const char* name_of(Sensor sensor);

enum class PathState {
  live,
  deleted,   // unlinked when it was read
  unnamed,   // O_TMPFILE: has had no name, or none that is known yet
  too_long,  // longer than the kernel tells (ENAMETOOLONG), and empty here
};
const char* name_of(PathState state);

enum class Place { rootfs, volume, tmpfs };
const char* name_of(Place place);

// Against the layers of the image.
enum class Origin {
  created,    // the image has no file of this name
  modified,   // it has, with other content
  unchanged,  // it has, with the same content: copied up for its metadata, or for a write that never came
  unknown,
};
// `new`, `modified`, `unchanged`, `unknown`.
const char* name_of(Origin origin);

enum class HashStatus {
  done,
  pending,
  too_large,
  changed,
  gone,
  unreadable,
  skipped,  // nobody asked for it: of files that are only told as an event
};
const char* name_of(HashStatus status);

struct Hash {
  std::string value;  // 64 hexadecimal digits when done, else empty
  HashStatus status = HashStatus::pending;
  // That of the bytes as they were read, where it is `changed` by its ctime alone: link(2) in a loop keeps
  // any reading from being sure. Never printed: it only says that a drop which is known is seen once more.
  std::string read{};
};

// What became of a copy of the file.
enum class CaptureStatus {
  off,      // none is asked for
  pending,  // it is being made, or it is not known yet whether there shall be one
  done,
  changed,    // it is there, and does not hold what was hashed
  skipped,    // the finding is not shown
  too_large,  // for a copy
  quota,      // the copies are as large as they may be
  gone,       // the bytes could not be read any more, or too many waited to be copied
  failed,     // it could not be written
};
inline constexpr std::array capture_statuses{
    CaptureStatus::off,     CaptureStatus::pending, CaptureStatus::done,
    CaptureStatus::changed, CaptureStatus::skipped, CaptureStatus::too_large,
    CaptureStatus::quota,   CaptureStatus::gone,    CaptureStatus::failed};
const char* name_of(CaptureStatus status);

struct Capture {
  CaptureStatus status = CaptureStatus::off;
  std::string path;  // of the copy, on the host; empty: there is none
};

// The file an event is about.
struct FileFacts {
  std::string path;  // as the container sees it, raw bytes
  PathState path_state = PathState::live;
  std::optional<FileKind> kind;  // nothing: of no known executable format
  std::uint64_t size = 0;        // bytes
  std::uint32_t mode = 0;        // type and permission bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t links = 0;                 // how many names it has
  std::optional<bool> has_capabilities{};  // capabilities(7), `File capabilities`; nothing: not known
  util::WallTime modified;                 // mtime
  util::WallTime changed;                  // ctime
  // Until when its path was read at most; it may be called otherwise since. Told by no output.
  std::chrono::steady_clock::time_point named_at{};
  std::uint64_t inode = 0;  // as the container sees it
  Device device;
  Place place = Place::rootfs;
  Origin origin = Origin::unknown;
  Hash sha256;
  Capture capture{};
};

// `magic_write`: a file was written in a container. Never carries a descriptor.
struct WriteEvent {
  static constexpr const char* name = "magic_write";

  util::WallTime time;  // when the event was read
  Sensor detected_by = Sensor::close_write;
  std::vector<std::byte> header;  // the first bytes of the file, at most 32
  std::string node;
  Container container;
  FileFacts file;
  ProcessInfo process;
  // Of the programs that the policy asked for: the image's, which the container has not changed. No output
  // tells them.
  std::vector<std::string> image_programs{};
};

// One dropped executable: what a signature says of an event. A value.
struct Finding {
  std::string id;
  unsigned revision = 1;
  bool is_final = false;               // nothing more is awaited
  std::optional<Signature> signature;  // nothing: none fires, and only the event may be told
  Decision decision{};
  // Outputs get this record as the first of the finding, though its revision is higher: an exception covered
  // it before, or no output could write the first.
  bool is_shown_late = false;
  WriteEvent event;

  // What an output gets that is told of a finding once.
  bool is_first() const { return revision == 1 || is_shown_late; }
};

}  // namespace dropwarden::model
