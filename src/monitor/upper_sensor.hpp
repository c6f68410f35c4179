// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "dropwarden/config/config.hpp"
#include "dropwarden/model/mount.hpp"
#include "dropwarden/monitor/liveness.hpp"
#include "dropwarden/monitor/upper_layers.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "upper_places.hpp"
#include "upper_reader.hpp"

namespace dropwarden::monitor {

// Sensor B: what happens to names and attributes of files, and what is written to them, told by the file
// systems of the host on which the upper directories and volumes of containers lie. Keeps those marked, each
// once, and no longer than a container has something there. Loop's thread only, but for its reader.
class UpperSensor {
 public:
  using Clock = std::chrono::steady_clock;

  // Opens no group before something is wanted. `mounts` outlives it.
  UpperSensor(boost::asio::io_context& loop, privilege::Privilege& privilege, const WatchedMounts& mounts,
              const config::Watch& settings, UpperReader::Handler handler);

  // Takes effect with the next `apply`.
  void reconfigure(const config::Watch& settings);
  // Marks what has to be marked by now. `table` is the host's mount table, as it was read last.
  void apply(const std::vector<model::Mount>& table);
  // Hands on what is queued. No marks afterwards. False when a reader is stuck: then this must stay.
  bool stop();
  // Looks whether the reader gets on, and gives it up after `limit` looks in a row at which it did not; the
  // next `apply` begins anew. True when it was given up.
  bool check(unsigned limit);
  const Liveness& liveness() const { return liveness_; }

  UpperLayers describe() const;

 private:
  struct FileSystem {
    UpperLayers::FileSystem facts;
    privilege::HostMount mount;
    model::FileSystemId id;
    bool is_used = false;
  };
  // Where a mount of a container lies on the host, as long as it is there and for a while after.
  struct Known {
    std::optional<UpperPlace> place;  // nothing: it cannot be watched this way
    model::Device device;             // of its file system
    bool is_reason = true;            // to mark that
    std::string problem;
    bool is_unproven = false;  // another directory was there than was proven: it may be back
    std::optional<Clock::time_point> gone_at;
  };

  bool is_ready();
  bool wants_writes() const;
  void look_for_places(const std::vector<model::Mount>& table, Clock::time_point now);
  Known locate(const WatchedMount& mount, const std::vector<model::Mount>& table);
  Known locate_upper(const WatchedMount& mount, const std::vector<model::Mount>& table);
  Known locate_volume(const WatchedMount& mount, const std::vector<model::Mount>& table);
  sys::Result<std::string> name_on_host(int directory, const model::Mount& by);
  void keep_marked(const std::vector<model::Mount>& table);
  void mark(FileSystem& file_system, const std::vector<model::Mount>& table);
  void unmark(FileSystem& file_system);
  void tell_reader();

  boost::asio::io_context& loop_;
  privilege::Privilege& privilege_;
  const WatchedMounts& mounts_;
  config::Watch settings_;
  UpperReader::Handler handler_;
  std::unique_ptr<UpperReader> reader_;
  // Stuck in a call: they are never destroyed, and hand on what they still have if it returns.
  std::vector<std::unique_ptr<UpperReader>> stuck_;
  Liveness liveness_{.name = "upper_layer"};
  UpperLayers state_;
  bool is_probed_ = false;
  bool is_stopped_ = false;
  std::map<std::uint64_t, Known> known_;  // by serial
  std::unordered_map<model::Device, FileSystem> file_systems_;
  // No longer marked, and told of by records that are still queued.
  struct Left {
    UpperFileSystem file_system;
    Clock::time_point until;
  };
  std::vector<Left> left_;
  std::vector<UpperPlace> told_places_;
  std::vector<UpperFileSystem> told_file_systems_;
};

}  // namespace dropwarden::monitor
