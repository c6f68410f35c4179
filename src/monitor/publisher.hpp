// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "dropwarden/model/disposition.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/monitor/ledger.hpp"
#include "dropwarden/monitor/monitor.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"

#include "recent_ids.hpp"

namespace dropwarden::monitor {

// The end of the way: gives a finding its id, tells it and its event to the outputs, and ends the event in
// the ledger. Loop's thread only.
class Publisher {
 public:
  // `on_loss` counts what an output had no room for.
  using OnLoss = std::function<void(model::Loss)>;
  Publisher(Ledger& ledger, WatchedMounts& mounts, const Settings& settings, Monitor::Deliver deliver,
            OnLoss on_loss);

  // What decides which findings and events go out.
  void reconfigure(const Settings& settings);

  // Each finding comes by here once with revision 1, which ends its event in the ledger. False when it is
  // not wanted: a repeat, the image's own file, a file of no container, or no finding but an event.
  bool publish(model::Finding& finding, const EventIdentity& identity);

 private:
  static constexpr std::size_t remembered_findings = 65536;
  static constexpr std::size_t remembered_contents = 16384;

  bool begin(model::Finding& finding, const EventIdentity& identity);
  void count_lost(const Monitor::Delivery& delivery);
  std::string content_of(const model::Finding& finding, const EventIdentity& identity);
  std::string file_system_of(const model::Finding& finding, const EventIdentity& identity);

  Ledger& ledger_;
  WatchedMounts& mounts_;
  bool has_events_ = false;
  bool has_unidentified_ = false;
  Monitor::Deliver deliver_;
  OnLoss on_loss_;
  RecentIds recent_{remembered_findings};
  RecentIds contents_{remembered_contents};
};

}  // namespace dropwarden::monitor
