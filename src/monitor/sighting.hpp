// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/model/ids.hpp"
#include "dropwarden/model/process.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::monitor {

// Where a file lies that was opened on the host, past the container: its descriptor does not say how the
// container sees it.
struct Located {
  std::uint64_t mount = 0;                           // serial of the WatchedMount
  std::string path;                                  // as the container sees it, raw bytes
  std::chrono::steady_clock::time_point named_at{};  // before that was read; the epoch: nobody knows
  // Inode and device as the container sees them, on which the id of a finding depends. Without them the
  // descriptor's own are taken: right for a volume, and for an overlay whose layers are on one file system.
  struct Numbers {
    std::uint64_t inode = 0;
    model::Device device;
  };
  std::optional<Numbers> numbers{};
};

// A file that a sensor shows, to be looked at. Owns the descriptor, O_RDONLY; one of an event pins the
// container's mount.
struct Sighting {
  sys::Fd file;
  model::Pid pid;  // who closed, executed or renamed it; 0: nobody knows
  model::Sensor sensor = model::Sensor::close_write;
  std::optional<Located> located{};             // nothing: the descriptor is the container's own
  std::optional<model::ProcessInfo> process{};  // a first look at `pid`, where one was taken in time
  bool is_write = false;                        // of sensor B: it was closed after writing
  bool is_executed = false;                     // also, or alone
  std::uint64_t read = 0;                       // FileEvent::read; 0: of no group that gives descriptors
};

}  // namespace dropwarden::monitor
