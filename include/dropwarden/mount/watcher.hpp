// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "dropwarden/model/mount.hpp"
#include "dropwarden/mount/table_reader.hpp"
#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::mount {

// Watches the host's mount table and tells of each change, from the loop's thread.
// POLLPRI on mountinfo (proc(5)) always; where the kernel has mount events (FAN_REPORT_MNT, Linux 6.15) their
// group wakes it as well. However a change is learned of, it is read once; changes in quick succession may
// arrive as one reading. A mount that went and one that came between two readings may look the same, ID,
// device and all: both are numbers that the kernel reuses at once. Ask the group what is really marked
// (watch/marks.hpp), not the table what has changed.
class Watcher {
 public:
  // `table` is an open mountinfo. `mount_events`, when given, is a non-blocking FAN_REPORT_MNT group that
  // marks the same mount namespace; when reading it fails, the watcher says so and goes on with the table
  // alone. `on_table` gets each whole new reading, the first one from `start`; a failure to read arrives as
  // an error, and the watcher tries again at the next change. What `reader` finds out later than the kernel
  // tells arrives as a reading as well. It may call `stop` and may destroy the watcher.
  // Throws boost::system::system_error when a descriptor cannot be polled. The loop outlives the watcher.
  using OnTable = std::function<void(sys::Result<std::vector<model::Mount>>)>;
  Watcher(boost::asio::io_context& loop, sys::Fd table, std::optional<sys::Fd> mount_events, OnTable on_table,
          TableReader reader = {});
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // Subscribes, then reads once and calls `on_table` before it returns. Once.
  void start();
  // Closes both descriptors; no call of `on_table` afterwards.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dropwarden::mount
