// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/monitor.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "dropwarden/monitor/advice.hpp"
#include "dropwarden/mount/watcher.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/watch/features.hpp"
#include "dropwarden/watch/group.hpp"
#include "dropwarden/watch/marks.hpp"

#include "canary.hpp"
#include "exec_sensor.hpp"
#include "loss_log.hpp"
#include "mark_keeper.hpp"
#include "namespace_watch.hpp"
#include "pipeline.hpp"
#include "sweep.hpp"
#include "upper_sensor.hpp"
#include "vitals.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

watch::Features probe(privilege::Privilege& privilege) {
  return sys::value_or_throw(watch::probe_features([&privilege](unsigned flags, unsigned event_flags) {
    return privilege.open_group(flags, event_flags);
  }));
}

std::uint64_t mask_of(const config::Watch& watch) {
  return watch.exec ? watch::close_write_mask() | watch::exec_mask() : watch::close_write_mask();
}

std::optional<sys::Fd> open_mount_events(privilege::Privilege& privilege, const watch::Features& features) {
  if (!features.has_mount_events) return std::nullopt;
  auto group = privilege.open_group(watch::mount_group_flags(), 0);
  if (!group || !privilege.mark_mount_namespace(group->number(), watch::mount_mask())) return std::nullopt;
  return std::move(*group);
}

// What is to be scanned for after a loss; nothing where nothing written was missed, or it is said of the
// mount itself.
std::optional<DesyncReason> desync_reason(model::Loss loss) {
  switch (loss) {
    case model::Loss::queue_overflow:
      return DesyncReason::queue_overflow;
    case model::Loss::descriptor_limit:
      return DesyncReason::descriptor_limit;
    case model::Loss::lease:
      return DesyncReason::lease;
    case model::Loss::open_failed:
      return DesyncReason::open_failed;
    case model::Loss::malformed_event:
      return DesyncReason::malformed_event;
    case model::Loss::unsettled:
      return DesyncReason::unsettled;
    case model::Loss::stalled:
      return DesyncReason::stalled;
    case model::Loss::mark_failed:
    case model::Loss::marked_late:
    case model::Loss::output_full:
      break;
  }
  return std::nullopt;
}

}  // namespace

class Monitor::Impl {
 public:
  Impl(boost::asio::io_context& loop, privilege::Privilege& privilege, store::Store* store,
       const Settings& settings, Deliver deliver, std::function<void(const std::string&)> on_failure)
      : privilege_(privilege),
        features_(probe(privilege)),
        group_(
            loop,
            sys::value_or_throw(
                privilege.open_group(watch::group_flags(features_), watch::group_event_flags())),
            features_.has_fd_error,
            {.on_file = [this](watch::FileEvent event) { on_file(std::move(event)); },
             .on_loss =
                 [this](model::Loss loss, model::Pid pid, int error) {
                   on_loss(
                       {.loss = loss, .container = pipeline_.container_of(pid), .pid = pid, .error = error});
                 },
             .on_failure = [on_failure](const sys::Error& error) { on_failure(error.text()); }}),
        mask_(mask_of(settings.watch)),
        keeper_(privilege, group_.descriptor(), mask_, overlays_, ledger_, watch::read_most_marks()),
        canary_(privilege, group_.descriptor(), mask_),
        pipeline_(
            loop, privilege, overlays_, keeper_.host(), ledger_, store, settings, std::move(deliver),
            [this](model::Loss loss) { on_loss({.loss = loss}); },
            [this](const WatchedMount& mount) { on_loss(model::Loss::unsettled, &mount); }, canary_,
            [this] { vitals_.on_canary(); }),
        exec_(overlays_, pipeline_.recent(), pipeline_.opener(),
              [this](const WatchedMount& overlay, model::Pid pid) { pipeline_.ask_owner(overlay, pid); }),
        upper_(loop, privilege, overlays_, settings.watch,
               {.on_sighting =
                    [this](Sighting sighting) {
                      if (!sweep_.was_there_before(sighting)) pipeline_.take(std::move(sighting));
                    },
                .on_passed_over = [this](std::uint64_t count) { pipeline_.pass_over(count); },
                .on_loss =
                    [this](UpperResolver::Missed missed) {
                      on_loss(missed.loss, overlays_.find(missed.mount), missed.error);
                    },
                .on_failure =
                    [](const sys::Error& error) {
                      spdlog::error("upper layers are not watched any more: {}", error.text());
                    }}),
        table_(
            loop, sys::value_or_throw(privilege.open_mount_table()), open_mount_events(privilege, features_),
            [this](sys::Result<std::vector<model::Mount>> table) { on_table(std::move(table)); },
            mount::TableReader(privilege)),
        retry_(loop),
        sweep_(loop, privilege, overlays_, keeper_.host(), store, settings.scan,
               {.on_file =
                    [this](Sighting sighting) {
                      pipeline_.take(std::move(sighting));
                      return pipeline_.open();
                    },
                .is_behind = [this] { return group_.is_behind(); }}),
        name_spaces_(
            loop, privilege, features_, keeper_.volumes(),
            [this](const container::CgroupOwner& owner) { return pipeline_.believes(owner); },
            [this] { arm_retry(); }),
        vitals_(
            loop, canary_, settings.watch,
            {.check_parts = [this](unsigned limit, bool& replaced) { return check_parts(limit, replaced); },
             .queue = [this] { return Vitals::Queue{group_.queued_bytes(), group_.reads()}; },
             .read_queue = [this] { group_.read_now(); },
             .on_stalled = [this] { on_stalled(); },
             .desynced = [this] { return sweep_.desynced(); }}) {
    keeper_.set_options(judge_options(settings.watch));
  }

  void start() {
    if (!privilege_.sees_all_processes()) {
      spdlog::warn(
          "this is not the first pid namespace of the machine: only containers that run inside it are "
          "covered "
          "(in a pod, set hostPID: true; with docker or podman, --pid=host)");
    }
    if (const auto problem = privilege_.host_mounts_problem()) {
      spdlog::warn(
          "the host's mounts are out of reach: {}. Containers are reached through their first processes "
          "only, "
          "after they started; one whose processes may not be looked into either is not covered",
          explain(*problem));
    }
    table_.start();
    group_.start();
    name_spaces_.start();
    vitals_.start();
  }

  void stop_sensors() {
    if (std::exchange(has_stopped_sensors_, true)) return;
    vitals_.stop();
    table_.stop();
    name_spaces_.stop();
    group_.stop();
    has_upper_ended_ = upper_.stop();
    retry_.cancel();
    sweep_.stop();
  }
  bool awaits_worker() const { return pipeline_.awaits_worker(); }

  bool stop() {
    stop_sensors();
    const bool has_sweeper = sweep_.sweeper().worker().finish();
    return pipeline_.finish() && has_upper_ended_ && has_sweeper;
  }

  const VitalSigns& vital_signs() { return vitals_.signs(); }

  void on_containers(std::shared_ptr<const container::Snapshot> snapshot) {
    pipeline_.on_containers(snapshot);
    sweep_.on_containers(snapshot);
    keeper_.on_containers(std::move(snapshot));
    after_change();
  }

  void on_untold(const std::string& id) { pipeline_.forget(id); }

  MarkKeeper& keeper() { return keeper_; }
  // Of containers.
  std::size_t marks() const { return keeper_.marks() - (canary_.is_marked() ? 1 : 0); }
  const Ledger& ledger() const { return ledger_; }
  std::vector<model::Sensor> sensors() const {
    // What is desynced is scanned, whether or not there are sweeps.
    std::vector<model::Sensor> sensors{model::Sensor::close_write, model::Sensor::scan};
    if ((mask_ & watch::exec_mask()) != 0) sensors.push_back(model::Sensor::exec);
    const auto is_marked = [](const UpperLayers::FileSystem& file_system) { return file_system.has_names; };
    if (std::ranges::any_of(upper_.describe().file_systems, is_marked))
      sensors.push_back(model::Sensor::upper_layer);
    if (pipeline_.looks_twice()) sensors.push_back(model::Sensor::second_look);
    return sensors;
  }
  std::vector<WatchedMount> mounts() {
    std::vector<WatchedMount> mounts = keeper_.foreign();
    for (const WatchedMount& mount : overlays_.current()) {
      mounts.push_back(mount);
      mounts.back().sync = sweep_.state(mount);
    }
    return mounts;
  }
  void set_ready() {
    keeper_.set_ready();
    sweep_.set_ready();
  }
  void set_on_unidentified(std::function<void()> on_unidentified) {
    on_unidentified_ = std::move(on_unidentified);
    pipeline_.set_on_unidentified([this] {
      on_unidentified_();
      if (keeper_.hurry()) arm_retry();
    });
  }
  void set_on_starting(std::function<void()> on_starting) { on_starting_ = std::move(on_starting); }
  void reconfigure(Settings settings) {
    keeper_.set_options(judge_options(settings.watch));
    upper_.reconfigure(settings.watch);
    sweep_.reconfigure(settings.scan);
    vitals_.reconfigure(settings.watch);
    pipeline_.reconfigure(std::move(settings));
    keeper_.retry();
    upper_.apply(keeper_.host().table());
    arm_retry();
  }
  UpperLayers upper_layers() const { return upper_.describe(); }
  CaptureReport captures() const { return pipeline_.captures(); }
  std::size_t open_findings() const { return pipeline_.open(); }
  std::size_t most_open_findings() const { return pipeline_.most_open(); }
  ScanCounts scans() const { return sweep_.counts(); }

 private:
  void on_file(watch::FileEvent event) {
    Sighting sighting{.file = std::move(event.file), .pid = event.pid, .read = event.read};
    const bool is_written = watch::is_written(event);
    const bool is_executed = watch::is_executed(event);
    sighting.is_executed = is_executed;
    if (is_executed) {
      const auto status = sys::read_cached_status(sighting.file.number());
      if (!status || !exec_.is_through_root(*status)) name_spaces_.look_at(event.pid);
      if (!is_written) {
        sighting.sensor = model::Sensor::exec;
        pipeline_.note_execution(event.pid);
        const auto ended = status ? exec_.judge(sighting.file.number(), *status, event.pid)
                                  : std::optional(model::Disposition::unreadable);
        if (ended) {
          ledger_.receive();
          return ledger_.end(*ended);
        }
      }
    }
    pipeline_.take(std::move(sighting));
    // What it wrote and closed in the same record, it wrote before.
    if (is_written && is_executed) pipeline_.note_execution(event.pid);
  }

  void note_loss(const LossRecord& lost) {
    ledger_.lose(lost.loss);
    loss_log_.add(lost, Clock::now());
    vitals_.on_loss(name_of(lost.loss));
  }

  // Where it is not known which container has lost something, any may have. Where it is, since its process
  // closed the file, the file may still lie in another: the sweep of all finds that.
  void on_loss(const LossRecord& lost) {
    note_loss(lost);
    const auto reason = desync_reason(lost.loss);
    if (!reason) return;
    const bool is_here = lost.container && std::ranges::any_of(overlays_.current(), [&](const auto& mount) {
                           return mount.container == *lost.container;
                         });
    if (is_here) return sweep_.desync(*lost.container, *reason);
    sweep_.desync_all(*reason);
  }

  // Their mounts have waited for long to be read, behind those of others: what is written there is in none
  // but theirs.
  void tell_overdue() {
    const auto containers = keeper_.volumes().seen().take_overdue();
    if (containers.empty()) return;
    for (const std::string& container : containers)
      note_loss({.loss = model::Loss::stalled, .container = model::ContainerId{container}});
    sweep_.desync(containers, DesyncReason::stalled);
  }

  void on_loss(model::Loss loss, const WatchedMount* mount, int error = 0) {
    const bool is_known = mount != nullptr && !mount->container.value.empty();
    on_loss({.loss = loss,
             .container = is_known ? std::optional(mount->container) : std::nullopt,
             .error = error});
  }

  std::vector<Liveness> check_parts(unsigned limit, bool& was_replaced) {
    std::vector<Liveness> parts;
    pipeline_.check(limit, parts, was_replaced);
    const auto replaced = sweep_.sweeper().worker().liveness().replaced;
    sweep_.sweeper().check(limit);
    parts.push_back(sweep_.sweeper().worker().liveness());
    parts.back().name = "sweep";
    was_replaced = was_replaced || parts.back().replaced != replaced;
    if (upper_.check(limit)) {
      was_replaced = true;
      upper_.apply(keeper_.host().table());
    }
    parts.push_back(upper_.liveness());
    return parts;
  }

  // Nobody knows what was missed. What should be marked is marked once more, where it is not.
  void on_stalled() {
    on_loss({.loss = model::Loss::stalled});
    keeper_.mark_again();
    after_change();
  }

  void on_table(sys::Result<std::vector<model::Mount>> table) {
    if (!table) {
      spdlog::error("cannot read the mount table: {}; new containers are not seen until the next change",
                    table.error().text());
      return;
    }
    pipeline_.on_table(*table);
    sweep_.on_table(*table);
    keeper_.on_table(*table);
    after_change();
  }

  void after_change() {
    pipeline_.after_change();
    upper_.apply(keeper_.host().table());
    sweep_.on_change();
    arm_retry();
    if (on_unidentified_ && keeper_.has_unidentified()) on_unidentified_();
    if (on_starting_ && keeper_.awaits_process(Clock::now())) on_starting_();
  }

  void arm_retry() {
    const auto next = keeper_.next_retry();
    if (!next) return;
    retry_.expires_at(std::max(*next, rested_));
    retry_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) retry();
    });
  }

  // What follows a change takes long where there are many findings and mounts. A container can bring it about
  // without end, and the loop has other work: half of its time at most.
  void retry() {
    const auto begin = Clock::now();
    keeper_.retry();
    tell_overdue();
    after_change();
    const auto end = Clock::now();
    rested_ = end + (end - begin);
    arm_retry();
  }

  privilege::Privilege& privilege_;
  std::function<void()> on_unidentified_;
  bool has_stopped_sensors_ = false;
  bool has_upper_ended_ = true;
  std::function<void()> on_starting_;
  Ledger ledger_;
  LossLog loss_log_;
  WatchedMounts overlays_;
  const watch::Features features_;
  watch::Group group_;
  const std::uint64_t mask_;
  MarkKeeper keeper_;
  Canary canary_;
  Pipeline pipeline_;
  ExecSensor exec_;
  UpperSensor upper_;
  mount::Watcher table_;
  boost::asio::steady_timer retry_;
  Clock::time_point rested_{};  // no retry before
  Sweep sweep_;
  NamespaceWatch name_spaces_;
  Vitals vitals_;
};

Monitor::Monitor(boost::asio::io_context& loop, privilege::Privilege& privilege, store::Store* store,
                 const Settings& settings, Deliver deliver,
                 std::function<void(const std::string&)> on_failure)
    : impl_(std::make_unique<Impl>(loop, privilege, store, settings, std::move(deliver),
                                   std::move(on_failure))) {}

Monitor::~Monitor() = default;

void Monitor::start() {
  impl_->start();
}
void Monitor::stop_sensors() {
  impl_->stop_sensors();
}
bool Monitor::awaits_worker() const {
  return impl_->awaits_worker();
}
bool Monitor::stop() {
  return impl_->stop();
}
const VitalSigns& Monitor::vital_signs() {
  return impl_->vital_signs();
}
void Monitor::on_containers(std::shared_ptr<const container::Snapshot> snapshot) {
  impl_->on_containers(std::move(snapshot));
}
void Monitor::on_untold(const std::string& id) {
  impl_->on_untold(id);
}
void Monitor::set_on_unidentified(std::function<void()> on_unidentified) {
  impl_->set_on_unidentified(std::move(on_unidentified));
}
void Monitor::set_on_starting(std::function<void()> on_starting) {
  impl_->set_on_starting(std::move(on_starting));
}
bool Monitor::awaits_process() {
  return impl_->keeper().awaits_process(Clock::now());
}
void Monitor::set_ready() {
  impl_->set_ready();
}
void Monitor::reconfigure(Settings settings) {
  impl_->reconfigure(std::move(settings));
}
const Ledger& Monitor::ledger() const {
  return impl_->ledger();
}
std::size_t Monitor::marks() const {
  return impl_->marks();
}
UpperLayers Monitor::upper_layers() const {
  return impl_->upper_layers();
}
ScanCounts Monitor::scans() const {
  return impl_->scans();
}
std::size_t Monitor::open_findings() const {
  return impl_->open_findings();
}
std::size_t Monitor::most_open_findings() const {
  return impl_->most_open_findings();
}
CaptureReport Monitor::captures() const {
  return impl_->captures();
}
std::vector<model::Sensor> Monitor::sensors() const {
  return impl_->sensors();
}
std::vector<WatchedMount> Monitor::overlays() const {
  return impl_->mounts();
}

}  // namespace dropwarden::monitor
