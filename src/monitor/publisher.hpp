// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dropwarden/model/disposition.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/monitor/ledger.hpp"
#include "dropwarden/monitor/monitor.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/policy/engine.hpp"
#include "dropwarden/policy/rate_limit.hpp"
#include "dropwarden/store/store.hpp"

#include "known_drops.hpp"
#include "told_findings.hpp"

namespace dropwarden::monitor {

// The end of the way: gives a finding its id, tells it and its event to the outputs, and ends the event in
// the ledger. Knows which drops were told, also before a restart where there is a store, and tells of one
// that is seen again only what is new: where it has moved to. Asks the policy what is to be shown: what is
// not goes to the store alone. Loop's thread only.
class Publisher {
 public:
  // `on_loss` counts what an output had no room for. `store` may be null.
  using OnLoss = std::function<void(model::Loss)>;
  Publisher(Ledger& ledger, WatchedMounts& mounts, store::Store* store, const Settings& settings,
            Monitor::Deliver deliver, OnLoss on_loss);

  // What decides which findings and events go out.
  void reconfigure(const Settings& settings);

  // Each finding comes by here once with revision 1, which ends its event in the ledger. False when it is
  // not wanted: a drop that is known, the image's own file, a file of no container, or no finding but an
  // event. A later revision may get a higher number, and the place where the file is by now.
  bool publish(model::Finding& finding, const EventIdentity& identity);

  // Whether a known drop lies in the same inode, so that the hash would tell whether it is the same.
  bool may_be_known(const model::Finding& finding, const EventIdentity& identity);

  // When a summary of what was held back is due, and what is due by then.
  std::optional<policy::RateLimit::Clock::time_point> next_summary() const { return rate_.next_summary(); }
  void tell_summaries(policy::RateLimit::Clock::time_point now);

  // No output could write the first record of this finding: the next sighting tells it anew.
  void forget(const std::string& id) { known_.forget(attribute::parse_id(id)); }

 private:
  static constexpr std::size_t remembered_drops = 100'000;
  static constexpr std::size_t whole_findings = 512;  // some 5 KiB each
  static constexpr unsigned most_moves = 64;          // told of a drop that is not whole any more

  bool is_finding(const model::Finding& finding);
  void tell_apart(model::Finding& finding, KnownDrop& seen);
  KnownDrop* find_known(const model::Finding& finding, const KnownDrop& seen);
  KnownDrop* find_shared(const model::Finding& finding, const EventIdentity& identity,
                         const std::string& file_system, const KnownDrop& seen);
  model::Decision decide(const model::Finding& finding, std::uint32_t covered_by);
  bool is_writer_of_image(const model::WriteEvent& event);
  bool is_to_be_shown(model::Finding& finding, const KnownDrop* known, std::uint32_t covered_by = 0);
  void tell_first(model::Finding& finding, const KnownDrop& drop, const std::string& file_system);
  void tell_more(model::Finding& finding, const EventIdentity& identity);
  static bool is_moved(const KnownDrop& known, const model::FileFacts& file, std::uint32_t path);
  static bool is_to_be_judged(const KnownDrop& known, const model::FileFacts& file, std::uint32_t path,
                              bool is_shared);
  void tell_move(KnownDrop& known, const model::Finding& sighting, std::uint32_t path);
  void see_again(KnownDrop& known, const model::Finding& sighting, bool is_shared);
  Monitor::Delivery tell(const model::Finding& finding, bool is_shown);
  Monitor::Delivery deliver(const model::Finding& finding);
  void remember(const model::Finding& finding, const KnownDrop& drop, const std::string& file_system,
                Monitor::Delivery delivery);
  void count_lost(const Monitor::Delivery& delivery);
  std::string file_system_of(const model::Finding& finding, const EventIdentity& identity);

  Ledger& ledger_;
  WatchedMounts& mounts_;
  store::Store* const store_;
  bool has_events_ = false;
  bool has_unidentified_ = false;
  std::string node_;
  std::shared_ptr<const policy::Engine> policy_;
  policy::RateLimit rate_;
  Monitor::Deliver deliver_;
  OnLoss on_loss_;
  KnownDrops known_{remembered_drops};
  bool misses_drops_ = false;  // one was not taken, so it is not known
  ToldFindings told_{whole_findings};
};

}  // namespace dropwarden::monitor
