// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dropwarden/classify/classify.hpp"
#include "dropwarden/container/registry.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/monitor/ledger.hpp"
#include "dropwarden/monitor/monitor.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/mount/host_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "attribution.hpp"
#include "canary.hpp"
#include "capture_worker.hpp"
#include "examine.hpp"
#include "executions.hpp"
#include "file_hasher.hpp"
#include "open_findings.hpp"
#include "origin_finder.hpp"
#include "placement.hpp"
#include "process_reader.hpp"
#include "publisher.hpp"
#include "recent_files.hpp"
#include "registrations.hpp"
#include "second_look.hpp"
#include "sighting.hpp"

namespace dropwarden::monitor {

// The way of a file from any sensor to the outputs: header, kind, place, container, process, hash, origin,
// finding. Loop's thread only, but for its workers.
class Pipeline {
 public:
  using Clock = std::chrono::steady_clock;
  using OnLoss = std::function<void(model::Loss)>;
  using OnUnsettled = std::function<void(const WatchedMount&)>;
  // `mounts`, `host`, `ledger` and `store`, which may be null, outlive it.
  Pipeline(boost::asio::io_context& loop, privilege::Privilege& privilege, WatchedMounts& mounts,
           const mount::HostMounts& host, Ledger& ledger, store::Store* store, Settings settings,
           Monitor::Deliver deliver, OnLoss on_loss, OnUnsettled on_unsettled, const Canary& canary,
           std::function<void()> on_canary);

  // Takes a sighting, and ends it in the ledger sooner or later. What another sensor than the mark on the
  // container's mount has seen waits for its hash: the same bytes may be known already.
  void take(Sighting sighting);
  // Files that a sensor has read, and that nothing would run.
  void pass_over(std::uint64_t count);
  // That process executes something: what it wrote before, it wrote as another program.
  void note_execution(model::Pid pid) { executions_.note(pid, last_serial_); }
  // Asks that process, which has executed something there, whether the overlay is its container's. A writer
  // is asked as well, but has often ended by then.
  void ask_owner(const WatchedMount& overlay, model::Pid pid);
  // How many findings and events wait for something: what could also come later should, when there are many.
  std::size_t open() const { return open_.size(); }
  std::size_t most_open() const { return open_.highest(); }
  bool looks_twice() const { return settings_.watch.second_look; }
  // Attribution::believes.
  bool believes(const container::CgroupOwner& owner) const { return attribution_.believes(owner); }
  // Attribution::container_of.
  std::optional<model::ContainerId> container_of(model::Pid pid) const {
    return attribution_.container_of(pid);
  }
  // What became a finding, or turned out to be the image's, a short while ago.
  RecentFiles& recent() { return recent_; }
  const FileOpener& opener() const { return opener_; }

  void on_table(const std::vector<model::Mount>& table) { origins_.on_table(table); }
  // `after_change` follows, once the marks are set.
  void on_containers(std::shared_ptr<const container::Snapshot> snapshot) {
    attribution_.on_containers(std::move(snapshot));
  }
  // Mounts or containers changed: some findings may know now whose they are.
  void after_change() {
    open_.on_containers(Clock::now());
    arm_deadline();
  }
  void set_on_unidentified(std::function<void()> on_unidentified) {
    on_unidentified_ = std::move(on_unidentified);
  }
  void reconfigure(Settings settings);
  // As Publisher has it.
  void forget(const std::string& id) { publisher_.forget(id); }
  // Whether a worker still has something to say of what is open.
  bool awaits_worker() const { return open_.awaits_worker(); }
  // Publishes what is open. False when a thread is stuck: then this must stay.
  bool finish();
  CaptureReport captures() const { return captures_.report(); }
  // Looks at each worker (Worker::check); `was_replaced` is set where one was.
  void check(unsigned limit, std::vector<Liveness>& parts, bool& was_replaced);

 private:
  void take_candidate(Sighting sighting);
  const model::ProcessInfo& glimpse(const Sighting& sighting);
  bool is_canary(const Sighting& sighting) const;
  bool is_on_canary(const model::Device& device) const;
  bool publish(model::Finding& finding, const EventIdentity& identity);
  void take_mere_write(const Sighting& sighting);
  std::variant<model::Disposition, Hit> look_at(const Sighting& sighting,
                                                const std::optional<policy::Kinds>& wanted);
  std::optional<model::Disposition> place(Hit& hit, const Sighting& sighting);
  model::Finding finding_of(Hit& hit, model::ProcessInfo writer, model::Sensor sensor) const;
  std::uint64_t await_process(model::Finding& finding, EventIdentity& identity, Awaited& awaited);
  void complete(model::Finding& finding, EventIdentity& identity, model::ProcessInfo writer) const;
  void await_event(model::Finding finding, EventIdentity identity);
  bool learn_owner(std::uint64_t serial, const ProcessReader::Answer& answer);
  void on_process(std::uint64_t serial, ProcessReader::Answer answer);
  void arm_deadline();

  WatchedMounts& mounts_;
  Ledger& ledger_;
  Settings settings_;
  const Canary& canary_;
  const std::function<void()> on_canary_;
  std::function<void()> on_unidentified_;
  Attribution attribution_;
  Placement placement_;
  Publisher publisher_;
  OpenFindings open_;
  Registrations registrations_;
  ProcessReader processes_;
  FileOpener opener_;
  CaptureWorker captures_;
  FileHasher hasher_;
  OriginFinder origins_;
  SecondLook second_look_;
  boost::asio::steady_timer deadline_;
  std::optional<Clock::time_point> armed_;  // when it ends
  RecentFiles recent_;
  std::uint64_t glimpsed_read_ = 0;
  std::unordered_map<std::int32_t, model::ProcessInfo> glimpsed_;  // by who wrote what that read brought
  std::uint64_t last_serial_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> owners_asked_;  // serials of overlays and of the questions
  const std::int32_t own_pid_;
  Executions executions_;
  std::array<std::byte, classify::first_bytes> first_{};
};

}  // namespace dropwarden::monitor
