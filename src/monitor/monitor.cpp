// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/monitor.hpp"

#include <array>
#include <optional>
#include <unistd.h>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "dropwarden/classify/classify.hpp"
#include "dropwarden/monitor/advice.hpp"
#include "dropwarden/mount/watcher.hpp"
#include "dropwarden/policy/dropped_executable.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/watch/features.hpp"
#include "dropwarden/watch/group.hpp"

#include "attribution.hpp"
#include "examine.hpp"
#include "file_hasher.hpp"
#include "loss_log.hpp"
#include "mark_keeper.hpp"
#include "open_findings.hpp"
#include "origin_finder.hpp"
#include "placement.hpp"
#include "process_reader.hpp"
#include "publisher.hpp"
#include "registrations.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t max_waiting_events = 1024;

Patience patience_of(const Settings& settings) {
  return {.metadata = settings.watch.metadata_wait, .is_metadata_needed = settings.is_metadata_needed};
}

watch::Features probe(privilege::Privilege& privilege) {
  return sys::value_or_throw(watch::probe_features([&privilege](unsigned flags, unsigned event_flags) {
    return privilege.open_group(flags, event_flags);
  }));
}

std::optional<sys::Fd> open_mount_events(privilege::Privilege& privilege, const watch::Features& features) {
  if (!features.has_mount_events) return std::nullopt;
  auto group = privilege.open_group(watch::mount_group_flags(), 0);
  if (!group || !privilege.mark_mount_namespace(group->number(), watch::mount_mask())) return std::nullopt;
  return std::move(*group);
}

}  // namespace

class Monitor::Impl {
 public:
  Impl(boost::asio::io_context& loop, privilege::Privilege& privilege, Settings settings, Deliver deliver,
       std::function<void(const std::string&)> on_failure)
      : privilege_(privilege),
        settings_(std::move(settings)),
        features_(probe(privilege)),
        group_(loop,
               sys::value_or_throw(
                   privilege.open_group(watch::group_flags(features_), watch::group_event_flags())),
               features_.has_fd_error,
               {.on_file = [this](watch::FileEvent event) { on_file(std::move(event)); },
                .on_loss = [this](model::Loss loss, model::Pid pid, int error) { on_loss(loss, pid, error); },
                .on_failure = [on_failure](const sys::Error& error) { on_failure(error.text()); }}),
        keeper_(privilege, group_.descriptor(), watch::close_write_mask(), overlays_, ledger_),
        attribution_(privilege, overlays_),
        placement_(overlays_, keeper_.host(), settings_.watch),
        publisher_(ledger_, overlays_, settings_, std::move(deliver),
                   [this](model::Loss loss) { on_loss(loss, {}, 0); }),
        open_([this](model::Finding& finding,
                     const EventIdentity& identity) { return publisher_.publish(finding, identity); },
              [this](model::Finding& finding, const EventIdentity& identity) {
                return attribution_.resolve(finding, identity);
              },
              patience_of(settings_)),
        processes_(loop, privilege,
                   [this](std::uint64_t serial, ProcessReader::Answer answer) {
                     on_process(serial, std::move(answer));
                   }),
        hasher_(
            loop, privilege, overlays_,
            [this](const WatchedMount& mount, std::string_view path) {
              return keeper_.host().find(mount.device, mount.root, mount.path, path);
            },
            settings_.watch,
            [this](std::uint64_t serial, model::Hash hash) { open_.on_hash(serial, std::move(hash)); }),
        origins_(loop, privilege, overlays_, settings_.watch,
                 [this](std::uint64_t serial, model::Origin origin) { open_.on_origin(serial, origin); }),
        table_(loop, sys::value_or_throw(privilege.open_mount_table()),
               open_mount_events(privilege, features_),
               [this](sys::Result<std::vector<model::Mount>> table) { on_table(std::move(table)); }),
        deadline_(loop),
        retry_(loop) {
    keeper_.set_options(judge_options(settings_.watch));
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
  }

  void stop() {
    table_.stop();
    group_.stop();
    deadline_.cancel();
    retry_.cancel();
    open_.finish();
  }

  void on_containers(std::shared_ptr<const container::Snapshot> snapshot) {
    attribution_.on_containers(snapshot);
    keeper_.on_containers(std::move(snapshot));
    after_change();
  }

  void on_file(watch::FileEvent event) {
    ledger_.receive();
    if (event.pid.value == ::getpid()) return ledger_.end(model::Disposition::own_activity);
    const auto candidate = is_candidate(event.file.number(), first_, registrations_.current(Clock::now()));
    if (!candidate) return ledger_.end(model::Disposition::unreadable);
    if (*candidate) return on_candidate(std::move(event));
    ledger_.end(model::Disposition::not_executable);
    if (settings_.has_events) on_mere_write(event);
  }

  MarkKeeper& keeper() { return keeper_; }
  const Ledger& ledger() const { return ledger_; }
  const WatchedMounts& overlays() const { return overlays_; }
  void set_on_unidentified(std::function<void()> on_unidentified) {
    on_unidentified_ = std::move(on_unidentified);
  }
  void reconfigure(Settings settings) {
    settings_ = std::move(settings);
    placement_.reconfigure(settings_.watch);
    publisher_.reconfigure(settings_);
    hasher_.reconfigure(settings_.watch);
    origins_.reconfigure(settings_.watch);
    open_.reconfigure(patience_of(settings_));
    keeper_.set_options(judge_options(settings_.watch));
    keeper_.retry();
    arm_retry();
  }

 private:
  void on_candidate(watch::FileEvent event) {
    // The writer may be gone in a moment: first a look at it, and the rest of its facts while the bytes are
    // read.
    model::ProcessInfo writer = processes_.glimpse(event.pid);
    const std::optional<policy::Kinds> wanted =
        settings_.has_events ? std::nullopt : std::optional(settings_.classify);
    auto examined = examine(event.file.number(), wanted, registrations_.current(Clock::now()));
    if (const auto* disposition = std::get_if<model::Disposition>(&examined))
      return ledger_.end(*disposition);
    Hit& hit = std::get<Hit>(examined);
    if (const auto ended = placement_.place(hit)) return ledger_.end(*ended);
    model::Finding finding = finding_of(hit, std::move(writer));
    finding.signature = policy::detect(finding.event, settings_.classify);
    if (!finding.signature) {
      ledger_.end(model::Disposition::not_executable);
      if (settings_.has_events) await_event(std::move(finding), hit.identity);
      return;
    }
    Awaited awaited;
    const std::uint64_t serial = await_process(finding, hit.identity, awaited);
    awaited.hash = hasher_.hash(finding.event.file, hit.identity, serial, std::move(event.file));
    awaited.origin = origins_.find(finding.event.file, hit.identity, serial);
    open_.add(serial, std::move(finding), hit.identity, awaited, Clock::now());
    arm_deadline();
  }

  // A file that is no executable, where events are wanted. It has ended already: nothing that goes wrong from
  // here on is a loss of a finding.
  void on_mere_write(const watch::FileEvent& event) {
    model::ProcessInfo writer = processes_.glimpse(event.pid);
    auto examined = examine(event.file.number(), std::nullopt, registrations_.current(Clock::now()));
    Hit* const hit = std::get_if<Hit>(&examined);
    if (hit != nullptr && !placement_.place(*hit))
      await_event(finding_of(*hit, std::move(writer)), hit->identity);
  }

  model::Finding finding_of(Hit& hit, model::ProcessInfo writer) {
    model::Finding finding;
    finding.event.time = util::WallTime{std::chrono::system_clock::now()};
    finding.event.header = std::move(hit.header);
    finding.event.node = settings_.node;
    finding.event.file = std::move(hit.file);
    finding.event.process = std::move(writer);
    return finding;
  }

  // Asks for the rest of the writer's facts. The number under which they come.
  std::uint64_t await_process(const model::Finding& finding, const EventIdentity& identity,
                              Awaited& awaited) {
    const std::uint64_t serial = ++last_serial_;
    const bool wants_root = !attribution_.is_identified(identity);
    awaited.process = processes_.submit(serial, finding.event.process.pid, wants_root);
    return serial;
  }

  // Without a signature there is no finding, only the event to be told. It waits as a finding does, but a
  // flood of them goes out with what is known.
  void await_event(model::Finding finding, const EventIdentity& identity) {
    finding.event.file.sha256.status = model::HashStatus::skipped;
    if (open_.size() >= max_waiting_events) {
      attribution_.resolve(finding, identity);
      publisher_.publish(finding, identity);
      return;
    }
    Awaited awaited;
    const std::uint64_t serial = await_process(finding, identity, awaited);
    open_.add(serial, std::move(finding), identity, awaited, Clock::now());
    arm_deadline();
  }

  void on_process(std::uint64_t serial, ProcessReader::Answer answer) {
    EventIdentity* identity = open_.identity_of(serial);
    if (identity != nullptr) placement_.settle(*identity, answer.process);
    const bool is_news = identity != nullptr && attribution_.learn_from_writer(*identity, answer);
    open_.on_process(serial, std::move(answer.process));
    if (is_news) open_.on_containers(Clock::now());
    arm_deadline();
  }

  void on_loss(model::Loss loss, model::Pid pid, int error) {
    ledger_.lose(loss);
    loss_log_.add(loss, pid, error, Clock::now());
  }

  void on_table(sys::Result<std::vector<model::Mount>> table) {
    if (!table) {
      spdlog::error("cannot read the mount table: {}; new containers are not seen until the next change",
                    table.error().text());
      return;
    }
    origins_.on_table(*table);
    keeper_.on_table(*table);
    after_change();
  }

  void after_change() {
    open_.on_containers(Clock::now());
    arm_retry();
    if (on_unidentified_ && keeper_.has_unidentified()) on_unidentified_();
  }

  void arm_deadline() {
    if (on_unidentified_ && open_.is_container_awaited()) on_unidentified_();
    const auto next = open_.next_deadline();
    if (!next) return;
    deadline_.expires_at(*next);
    deadline_.async_wait([this](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      open_.expire(Clock::now());
      arm_deadline();
    });
  }

  void arm_retry() {
    const auto next = keeper_.next_retry();
    if (!next) return;
    retry_.expires_at(*next);
    retry_.async_wait([this](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      keeper_.retry();
      after_change();
    });
  }

  privilege::Privilege& privilege_;
  Settings settings_;
  std::function<void()> on_unidentified_;
  Ledger ledger_;
  LossLog loss_log_;
  WatchedMounts overlays_;
  const watch::Features features_;
  watch::Group group_;
  MarkKeeper keeper_;
  Attribution attribution_;
  Placement placement_;
  Publisher publisher_;
  OpenFindings open_;
  Registrations registrations_{privilege_};
  ProcessReader processes_;
  FileHasher hasher_;
  OriginFinder origins_;
  mount::Watcher table_;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer retry_;
  std::uint64_t last_serial_ = 0;
  std::array<std::byte, classify::first_bytes> first_{};
};

Monitor::Monitor(boost::asio::io_context& loop, privilege::Privilege& privilege, Settings settings,
                 Deliver deliver, std::function<void(const std::string&)> on_failure)
    : impl_(std::make_unique<Impl>(loop, privilege, std::move(settings), std::move(deliver),
                                   std::move(on_failure))) {}

Monitor::~Monitor() = default;

void Monitor::start() {
  impl_->start();
}
void Monitor::stop() {
  impl_->stop();
}
void Monitor::on_containers(std::shared_ptr<const container::Snapshot> snapshot) {
  impl_->on_containers(std::move(snapshot));
}
void Monitor::set_on_unidentified(std::function<void()> on_unidentified) {
  impl_->set_on_unidentified(std::move(on_unidentified));
}
void Monitor::set_ready() {
  impl_->keeper().set_ready();
}
void Monitor::reconfigure(Settings settings) {
  impl_->reconfigure(std::move(settings));
}
const Ledger& Monitor::ledger() const {
  return impl_->ledger();
}
std::size_t Monitor::marks() const {
  return impl_->keeper().marks();
}
std::vector<WatchedMount> Monitor::overlays() const {
  std::vector<WatchedMount> overlays = impl_->keeper().foreign();
  const auto& current = impl_->overlays().current();
  overlays.insert(overlays.end(), current.begin(), current.end());
  return overlays;
}

}  // namespace dropwarden::monitor
