// SPDX-License-Identifier: Apache-2.0
#include "pipeline.hpp"

#include <algorithm>
#include <optional>
#include <unistd.h>
#include <utility>
#include <variant>

#include "dropwarden/attribute/process.hpp"
#include "dropwarden/classify/classify.hpp"
#include "dropwarden/mount/file_system.hpp"
#include "dropwarden/policy/dropped_executable.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::monitor {
namespace {

constexpr std::size_t max_waiting_events = 1024;

Patience patience_of(const Settings& settings) {
  return {.metadata = settings.watch.metadata_wait, .is_metadata_needed = settings.is_metadata_needed};
}

std::optional<privilege::HostMount> find_host_mount(const mount::HostMounts& host, model::MountId id) {
  const auto mount = std::ranges::find(host.table(), id, &model::Mount::id);
  if (mount == host.table().end()) return std::nullopt;
  const auto type = mount::watchable_magic(mount->file_system);
  if (!type) return std::nullopt;
  return privilege::HostMount{.path = mount->mount_point, .mount_id = id.value, .type = *type};
}

FileNumbers numbers_of(const model::FileFacts& file) {
  return {.device = file.device, .inode = file.inode, .size = file.size, .changed = file.changed};
}

}  // namespace

Pipeline::Pipeline(boost::asio::io_context& loop, privilege::Privilege& privilege, WatchedMounts& mounts,
                   const mount::HostMounts& host, Ledger& ledger, store::Store* store, Settings settings,
                   Monitor::Deliver deliver, OnLoss on_loss, OnUnsettled on_unsettled, const Canary& canary,
                   std::function<void()> on_canary)
    : mounts_(mounts),
      ledger_(ledger),
      settings_(std::move(settings)),
      canary_(canary),
      on_canary_(std::move(on_canary)),
      attribution_(privilege, mounts),
      placement_(mounts, host, settings_.watch),
      publisher_(ledger, mounts, store, settings_, std::move(deliver), std::move(on_loss)),
      open_([this](model::Finding& finding,
                   const EventIdentity& identity) { return publish(finding, identity); },
            [this](model::Finding& finding, const EventIdentity& identity) {
              if (is_on_canary(identity.device)) return OpenFindings::ContainerAwaited{};
              return attribution_.resolve(finding, identity);
            },
            // Only of what lies in a layer on the host, see `may_hash_decide`.
            [this](const model::Finding& finding, const EventIdentity& identity, std::uint64_t serial) {
              return origins_.find(finding.event.file, identity, serial, true);
            },
            patience_of(settings_),
            [this](const model::Finding& finding, std::uint64_t serial, Evidence evidence) {
              return captures_.submit(
                  {.serial = serial, .evidence = std::move(evidence), .hash = finding.event.file.sha256});
            }),
      registrations_(privilege),
      processes_(loop, privilege,
                 [this](std::uint64_t serial, ProcessReader::Answer answer) {
                   on_process(serial, std::move(answer));
                 }),
      opener_(privilege,
              [&host](const WatchedMount& mount, std::string_view path) {
                return host.find(mount.device, mount.root, mount.path, path);
              }),
      captures_(loop, settings_.capture,
                [this](std::uint64_t serial, model::Capture capture) {
                  open_.on_capture(serial, std::move(capture));
                  arm_deadline();
                }),
      hasher_(
          loop, mounts, opener_, settings_.watch,
          [this](std::uint64_t serial, HashWorker::Result result) {
            open_.on_hash(serial, std::move(result.hash), std::move(result.evidence));
            arm_deadline();
          },
          captures_.is_on() ? FileHasher::Captures{&captures_.room(), captures_.max_file_bytes()}
                            : FileHasher::Captures{}),
      origins_(loop, privilege, mounts, settings_.watch,
               [this](std::uint64_t serial, std::optional<model::Origin> origin) {
                 open_.on_origin(serial, origin);
                 arm_deadline();
               }),
      second_look_(loop, mounts, opener_,
                   {.glimpse = [this](model::Pid pid) { return processes_.glimpse(pid); },
                    .on_sighting = [this](Sighting sighting) { take(std::move(sighting)); },
                    .on_lost = std::move(on_unsettled),
                    .find_host_mount = [&host](model::MountId id) { return find_host_mount(host, id); }}),
      deadline_(loop),
      own_pid_(::getpid()) {
  // A summary may be due of what was held back before the start.
  arm_deadline();
}

void Pipeline::take(Sighting sighting) {
  ledger_.receive();
  if (sighting.pid.value == own_pid_ && !is_canary(sighting))
    return ledger_.end(model::Disposition::own_activity);
  first_.front() = std::byte{1};  // it stays where there is nothing to read
  const auto candidate = is_candidate(sighting.file.number(), first_, registrations_.current(Clock::now()),
                                      sighting.is_executed);
  if (!candidate) return ledger_.end(model::Disposition::unreadable);
  if (*candidate) return take_candidate(std::move(sighting));
  ledger_.end(model::Disposition::not_executable);
  if (sighting.sensor != model::Sensor::close_write) return;
  if (settings_.watch.second_look && SecondLook::is_blank(first_))
    second_look_.consider(sighting.file.number(), sighting.pid);
  if (settings_.has_events) take_mere_write(sighting);
}

void Pipeline::pass_over(std::uint64_t count) {
  ledger_.receive(count);
  ledger_.end(model::Disposition::not_executable, count);
}

void Pipeline::take_candidate(Sighting sighting) {
  // The writer may be gone in a moment: first a look at it, and the rest of its facts while the bytes are
  // read.
  model::ProcessInfo writer;
  if (sighting.process) {
    writer = std::move(*sighting.process);
  } else if (sighting.pid.value != 0) {
    writer = glimpse(sighting);
  }
  const bool is_our_own = is_canary(sighting);
  const bool is_event = settings_.has_events && sighting.sensor == model::Sensor::close_write && !is_our_own;
  const policy::Kinds kinds = is_our_own ? policy::Kinds{} : settings_.classify;
  auto examined = look_at(sighting, is_event ? std::nullopt : std::optional(kinds));
  if (const auto* disposition = std::get_if<model::Disposition>(&examined)) return ledger_.end(*disposition);
  Hit& hit = std::get<Hit>(examined);
  if (const auto ended = place(hit, sighting)) return ledger_.end(*ended);
  model::Finding finding = finding_of(hit, std::move(writer), sighting.sensor);
  finding.signature = policy::detect(finding.event, kinds);
  if (!finding.signature) {
    ledger_.end(model::Disposition::not_executable);
    if (is_event) await_event(std::move(finding), hit.identity);
    return;
  }
  recent_.add(numbers_of(finding.event.file), Clock::now());
  Awaited awaited;
  awaited.is_hash_first = sighting.sensor != model::Sensor::close_write || settings_.policy->needs_hash();
  // By a write something else may have been there for a moment, which the hash of what is there now must not
  // excuse.
  awaited.may_hash_decide = sighting.located && !sighting.is_write;
  const std::uint64_t serial = await_process(finding, hit.identity, awaited);
  auto hashing = hasher_.hash(finding.event.file, hit.identity, serial, std::move(sighting.file));
  awaited.hash = hashing.is_awaited;
  if (awaited.hash && !awaited.is_hash_first)
    awaited.is_hash_first = publisher_.may_be_known(finding, hit.identity);
  awaited.origin = origins_.find(finding.event.file, hit.identity, serial, sighting.located.has_value());
  open_.add(serial, std::move(finding), hit.identity, awaited, Clock::now(), std::move(hashing.evidence));
  arm_deadline();
}

// All that one read(2) brings was done before it: one look at each process shows of all of it what a look at
// each would, and is the nearer to it.
const model::ProcessInfo& Pipeline::glimpse(const Sighting& sighting) {
  if (sighting.read == 0 || std::exchange(glimpsed_read_, sighting.read) != sighting.read) glimpsed_.clear();
  const auto [known, is_new] = glimpsed_.try_emplace(sighting.pid.value);
  if (is_new) known->second = processes_.glimpse(sighting.pid);
  return known->second;
}

// By the file system alone: the writer is this process, or the one that has the privilege for it.
bool Pipeline::is_canary(const Sighting& sighting) const {
  if (!canary_.is_marked() || sighting.located) return false;
  const auto status = sys::read_cached_status(sighting.file.number());
  return status && is_on_canary({status->device_major, status->device_minor});
}

// The canary's overlay ends with the process that holds it, and its number is then another's: that of a
// container, which would be taken for us.
bool Pipeline::is_on_canary(const model::Device& device) const {
  return canary_.is_on(device) && mounts_.find(device) == nullptr;
}

// The end of the canary's way, which is that of each finding up to here.
bool Pipeline::publish(model::Finding& finding, const EventIdentity& identity) {
  if (!is_on_canary(identity.device)) return publisher_.publish(finding, identity);
  ledger_.end(model::Disposition::own_activity);
  on_canary_();
  return false;
}

// A file that is no executable, where events are wanted. It has ended already: nothing that goes wrong from
// here on is a loss of a finding.
void Pipeline::take_mere_write(const Sighting& sighting) {
  model::ProcessInfo writer = glimpse(sighting);
  auto examined = look_at(sighting, std::nullopt);
  Hit* const hit = std::get_if<Hit>(&examined);
  if (hit != nullptr && !place(*hit, sighting))
    await_event(finding_of(*hit, std::move(writer), sighting.sensor), hit->identity);
}

std::variant<model::Disposition, Hit> Pipeline::look_at(const Sighting& sighting,
                                                        const std::optional<policy::Kinds>& wanted) {
  const std::optional<std::string> path =
      sighting.located ? std::optional(sighting.located->path) : std::nullopt;
  return examine(sighting.file.number(), wanted, registrations_.current(Clock::now()), path,
                 sighting.is_executed);
}

std::optional<model::Disposition> Pipeline::place(Hit& hit, const Sighting& sighting) {
  if (!sighting.located) return placement_.place(hit);
  const Located& located = *sighting.located;
  const WatchedMount* mount = mounts_.find(located.mount);
  // The container has gone meanwhile, and what it wrote with it.
  if (mount == nullptr) return model::Disposition::vanished;
  if (located.numbers) {
    hit.file.inode = located.numbers->inode;
    hit.file.device = located.numbers->device;
  }
  hit.file.named_at = located.named_at;
  return placement_.place_in(*mount, hit);
}

model::Finding Pipeline::finding_of(Hit& hit, model::ProcessInfo writer, model::Sensor sensor) const {
  model::Finding finding;
  finding.event.time = util::WallTime{std::chrono::system_clock::now()};
  finding.event.detected_by = sensor;
  finding.event.header = std::move(hit.header);
  finding.event.node = settings_.node;
  finding.event.file = std::move(hit.file);
  finding.event.process = std::move(writer);
  return finding;
}

// Asks for the rest of the writer's facts, and for what the policy wants to know of the image. The number
// under which they come.
std::uint64_t Pipeline::await_process(model::Finding& finding, EventIdentity& identity, Awaited& awaited) {
  const std::uint64_t serial = ++last_serial_;
  const bool has_process = finding.event.process.pid.value != 0;
  ProcessReader::Programs programs;
  if (finding.signature) programs.paths = settings_.policy->programs_asked(finding.event);
  if (!has_process && programs.paths.empty()) return serial;
  if (!programs.paths.empty()) programs.layers = origins_.layers_of(identity, finding.event.file.place);
  const bool wants_root = has_process && !attribution_.is_identified(identity);
  // Of a burst by one process nearly all: to ask the thread for what it has just read takes longer than the
  // rest that is done here for a file.
  auto known = programs.paths.empty() && !wants_root ? processes_.recall(finding.event.process, wants_root)
                                                     : std::nullopt;
  if (known) {
    complete(finding, identity, std::move(known->process));
    return serial;
  }
  auto layers = finding.signature ? origins_.layers_of(finding.event.process) : ProcessReader::Layers{};
  awaited.process =
      processes_.submit(serial, finding.event.process, wants_root, std::move(layers), std::move(programs));
  return serial;
}

// As `on_process` does it.
void Pipeline::complete(model::Finding& finding, EventIdentity& identity, model::ProcessInfo writer) const {
  placement_.settle(identity, writer, [this](const auto& owner) { return believes(owner); });
  finding.event.process = attribute::complete_process(finding.event.process, std::move(writer));
}

// Without a signature there is no finding, only the event to be told. It waits as a finding does, but a
// flood of them goes out with what is known.
void Pipeline::await_event(model::Finding finding, EventIdentity identity) {
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

void Pipeline::ask_owner(const WatchedMount& overlay, model::Pid pid) {
  // What has no owner may be executed without end: one question at a time.
  if (overlay.is_nameless || owners_asked_.contains(overlay.serial)) return;
  const std::uint64_t serial = ++last_serial_;
  if (processes_.submit(serial, processes_.glimpse(pid), true, {}, {}))
    owners_asked_.emplace(overlay.serial, serial);
}

// Whether that was the answer to such a question.
bool Pipeline::learn_owner(std::uint64_t serial, const ProcessReader::Answer& answer) {
  const auto asked = std::ranges::find(owners_asked_, serial, [](const auto& entry) { return entry.second; });
  if (asked == owners_asked_.end()) return false;
  EventIdentity overlay;
  overlay.serial = asked->first;
  owners_asked_.erase(asked);
  if (attribution_.learn_from_writer(overlay, answer)) open_.on_containers(Clock::now());
  return true;
}

void Pipeline::on_process(std::uint64_t serial, ProcessReader::Answer answer) {
  if (learn_owner(serial, answer)) return arm_deadline();
  // The first look may have come after that, and shown the program that runs now.
  if (executions_.has_executed_since(answer.process.pid, serial))
    answer.process.program = model::ProgramState::unknown;
  EventIdentity* identity = open_.identity_of(serial);
  if (identity != nullptr)
    placement_.settle(*identity, answer.process, [this](const auto& owner) { return believes(owner); });
  const bool is_news = identity != nullptr && attribution_.learn_from_writer(*identity, answer);
  open_.on_process(serial, std::move(answer.process), std::move(answer.image_programs));
  if (is_news) open_.on_containers(Clock::now());
  arm_deadline();
}

void Pipeline::reconfigure(Settings settings) {
  settings_ = std::move(settings);
  placement_.reconfigure(settings_.watch);
  publisher_.reconfigure(settings_);
  hasher_.reconfigure(settings_.watch);
  origins_.reconfigure(settings_.watch);
  open_.reconfigure(patience_of(settings_));
}

bool Pipeline::finish() {
  second_look_.finish();
  deadline_.cancel();
  open_.finish();
  publisher_.tell_summaries(Clock::time_point::max());
  // Each of them, whatever the others said.
  const bool has_processes = processes_.worker().finish();
  const bool has_hasher = hasher_.worker().finish();
  const bool has_finder = origins_.finder().finish();
  const bool has_captures = captures_.worker() == nullptr || captures_.worker()->finish();
  return origins_.comparer().finish() && has_finder && has_captures && has_hasher && has_processes;
}

void Pipeline::check(unsigned limit, std::vector<Liveness>& parts, bool& was_replaced) {
  const auto look = [&](const char* name, auto& worker) {
    if (worker.check(limit)) was_replaced = true;
    parts.push_back(worker.liveness());
    parts.back().name = name;
  };
  look("process", processes_.worker());
  // What it was asked, nobody answers any more.
  if (was_replaced) owners_asked_.clear();
  look("hash", hasher_.worker());
  if (captures_.worker() != nullptr) look("capture", *captures_.worker());
  look("origin", origins_.finder());
  look("compare", origins_.comparer());
}

void Pipeline::arm_deadline() {
  if (on_unidentified_ && open_.is_container_awaited()) on_unidentified_();
  auto next = open_.next_deadline();
  if (const auto summary = publisher_.next_summary()) next = next ? std::min(*next, *summary) : *summary;
  // One that is armed for an earlier time looks again then.
  if (!next || (armed_ && *armed_ <= *next)) return;
  armed_ = next;
  deadline_.expires_at(*next);
  deadline_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    armed_.reset();
    open_.expire(Clock::now());
    publisher_.tell_summaries(Clock::now());
    arm_deadline();
  });
}

}  // namespace dropwarden::monitor
