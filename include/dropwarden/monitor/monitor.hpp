// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "dropwarden/config/config.hpp"
#include "dropwarden/container/registry.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/model/mount.hpp"
#include "dropwarden/monitor/capture_report.hpp"
#include "dropwarden/monitor/ledger.hpp"
#include "dropwarden/monitor/sync_state.hpp"
#include "dropwarden/monitor/upper_layers.hpp"
#include "dropwarden/monitor/vital_signs.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/policy/engine.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/store/store.hpp"

namespace dropwarden::monitor {

struct Settings {
  config::Watch watch;
  config::Scan scan;
  config::Classify classify;
  config::Capture capture{};  // as it was when the monitor was made
  std::string node;           // name of this machine, for findings
  // An output prints each finding once: the first record waits for the container's metadata, too.
  bool is_metadata_needed = false;
  // Every write is told of as an event, and what that takes is looked up.
  bool has_events = false;
  std::shared_ptr<const policy::Engine> policy = std::make_shared<const policy::Engine>();
};

// The pipeline: mount table and containers in, marks out; events in, findings out. Owns the fanotify group.
// Everything happens on the loop's thread, but the hashing of large files.
class Monitor {
 public:
  // What became of a record: how many outputs take such a one, and how many of these had no room for it.
  struct Delivery {
    std::size_t takers = 0;
    std::size_t lost = 0;
    std::string native{};  // the record, where an output has it in the native format

    bool is_wanted() const { return takers > 0; }
    bool is_taken() const { return takers == 0 || lost < takers; }
  };
  // The way to the outputs. The event of a finding goes out right before its first revision.
  struct Deliver {
    std::function<Delivery(const model::Finding&)> finding;
    std::function<Delivery(const model::WriteEvent&)> event;
  };

  // Throws sys::SystemError when the kernel gives no fanotify group or no mount table. `on_failure` is called
  // when the group can be read no more: not monitoring. `store` is where findings are remembered, null for
  // nowhere; it outlives the monitor.
  Monitor(boost::asio::io_context& loop, privilege::Privilege& privilege, store::Store* store,
          const Settings& settings, Deliver deliver, std::function<void(const std::string&)> on_failure);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  // Marks what the mount table shows now and begins to read events.
  void start();
  // Drains the queue, and looks for nothing more. What that has brought is published as ever while the loop
  // runs.
  void stop_sensors();
  // Whether hash, origin or process of a finding is still looked for.
  bool awaits_worker() const;
  // The same, and publishes what is open with what is known. False when a thread is stuck in a call: then
  // this, and what it refers to, must stay until the process ends.
  bool stop();

  void on_containers(std::shared_ptr<const container::Snapshot> snapshot);
  // No output could write the first record of this finding: its file is told of again when it is seen again.
  void on_untold(const std::string& id);
  // Called when an overlay appears that no container is known to own: time to look through /proc.
  void set_on_unidentified(std::function<void()> on_unidentified);
  // Called when a container seems to be starting, whose first process would lead to its volumes. It need not
  // be looked for any more once `awaits_process` says no.
  void set_on_starting(std::function<void()> on_starting);
  bool awaits_process();
  // All sources have told what runs; what is found from now on was found late if it was running.
  void set_ready();
  // What decides from now on which kinds and sizes matter.
  void reconfigure(Settings settings);

  // Whether it sees, as it was looked at last.
  const VitalSigns& vital_signs();
  const Ledger& ledger() const;
  std::size_t marks() const;
  std::vector<WatchedMount> overlays() const;
  UpperLayers upper_layers() const;
  CaptureReport captures() const;
  // Findings in memory that wait for what is not known yet: a process, a hash, a name. Now, and at most so
  // far.
  std::size_t open_findings() const;
  std::size_t most_open_findings() const;
  ScanCounts scans() const;
  // Those that are at work on what is marked.
  std::vector<model::Sensor> sensors() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dropwarden::monitor
