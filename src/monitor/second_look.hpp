// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/model/process.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/file_handle.hpp"

#include "file_opener.hpp"
#include "sighting.hpp"

namespace dropwarden::monitor {

// Looks again at files that were blank where their header should be when they were closed. On an overlay a
// mapping holds the upper file and not the overlay's, so that its last close comes before the stores, and no
// event tells of those. It keeps no descriptor, which would pin the container, but mount, path and handle,
// and looks through the upper directory: until nobody has the file open for writing or mapped any more, or it
// shows something. A file that is renamed meanwhile is found again by its handle. Loop's thread only.
class SecondLook {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t capacity = 1024;
  struct Handler {
    std::function<model::ProcessInfo(model::Pid)> glimpse;
    std::function<void(Sighting)> on_sighting;
    // A file of this mount may change unseen: it cannot be found on the host, or there were too many.
    std::function<void(const WatchedMount&)> on_lost;
    // Of the host's mount table; nothing for one that is not there.
    std::function<std::optional<privilege::HostMount>(model::MountId)> find_host_mount;
  };
  // Between the looks; the last again and again while the file is held, and no more where that cannot be
  // told.
  using Pauses = std::vector<Clock::duration>;
  static Pauses default_pauses();
  // `mounts` outlives it.
  SecondLook(boost::asio::io_context& loop, WatchedMounts& mounts, FileOpener opener, Handler handler,
             Pauses pauses = default_pauses());

  // Whether a file with these first bytes is for `consider`.
  static bool is_blank(std::span<const std::byte> first);
  // A file that was closed and is blank. Its descriptor is not kept.
  void consider(int fd, model::Pid pid);
  // A last look at all that wait.
  void finish();
  std::size_t waiting() const { return entries_.size(); }

 private:
  struct Entry {
    Located where;
    // The upper file, on the host.
    struct Upper {
      std::uint64_t inode = 0;
      model::MountId mount;
      std::optional<sys::FileHandle> handle{};
      std::string top{};  // of its path there: what comes before the container's
    } upper;
    model::Pid pid;
    std::optional<model::ProcessInfo> process{};
    std::uint32_t looks = 0;
    bool is_ripe = false;  // it showed something at the last look
    Clock::time_point due{};
  };
  const WatchedMount* find_mount(int fd, const sys::FileStatus& status);
  bool is_known(const Entry& seen) const;
  static Entry::Upper identify(int file, std::string_view path);
  // ENOENT or ESTALE when it has no name any more: it can only be executed, and that is seen.
  sys::Result<sys::Fd> open_again(Entry& entry, const WatchedMount& mount) const;
  sys::Result<std::string> find_path(const Entry::Upper& upper) const;
  // Whether there is to be another look, for which it sets the time.
  bool look(Entry& entry, bool is_last);
  bool look_at(Entry& entry, sys::Fd file, bool is_last);
  void add(Entry entry);
  void look_at_due();
  void arm();

  WatchedMounts& mounts_;
  FileOpener opener_;
  Handler handler_;
  const Pauses pauses_;
  std::vector<Entry> entries_;  // the oldest first
  boost::asio::steady_timer timer_;
};

}  // namespace dropwarden::monitor
