// SPDX-License-Identifier: Apache-2.0
#include "publisher.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "dropwarden/attribute/finding_id.hpp"
#include "dropwarden/policy/held_back.hpp"
#include "dropwarden/util/encode.hpp"
#include "dropwarden/util/escape.hpp"

#include "finding_row.hpp"

namespace dropwarden::monitor {
namespace {

std::uint32_t exception_of(const model::Decision& decision) {
  return decision.exception ? policy::exception_key(decision.exception->name) : 0;
}

KnownDrop drop_of(const model::Finding& finding, const std::string& file_system) {
  return {.id = attribute::parse_id(finding.id),
          .place = attribute::place_digest(finding, file_system),
          .content = attribute::content_digest(finding).value_or(attribute::Digest{}),
          .revision = finding.revision,
          .path = store::path_hash(row_path(finding.event.file)),
          .exception = exception_of(finding.decision),
          .verdict = finding.decision.verdict};
}

model::Disposition disposition_of(model::Verdict verdict) {
  switch (verdict) {
    case model::Verdict::shown:
      return model::Disposition::reported;
    case model::Verdict::excepted:
      return model::Disposition::excepted;
    case model::Verdict::held_back:
      break;
  }
  return model::Disposition::held_back;
}

model::Verdict verdict_of(std::string_view decision) {
  for (const auto verdict : {model::Verdict::excepted, model::Verdict::held_back})
    if (decision == name_of(verdict)) return verdict;
  return model::Verdict::shown;
}

// A copy is made of what is shown alone; its record is open until the copy is there.
void settle_capture(model::Finding& finding, bool is_shown) {
  model::CaptureStatus& status = finding.event.file.capture.status;
  if (status != model::CaptureStatus::pending) return;
  if (is_shown)
    finding.is_final = false;
  else
    status = model::CaptureStatus::skipped;
}

// What the row of a finding tells of its container.
policy::RateLimit::Held held_of(const store::HeldBack& row) {
  policy::RateLimit::Held held{.container = {}, .severity = model::Severity::info, .count = row.count};
  held.container.id = {util::unescape(row.container)};
  held.container.name = util::unescape(row.name);
  held.container.image.name = util::unescape(row.image);
  if (!row.pod.empty())
    held.container.pod = {
        .name = util::unescape(row.pod), .name_space = util::unescape(row.name_space), .uid = {}};
  constexpr auto gravest = static_cast<unsigned>(model::Severity::critical);
  held.severity = static_cast<model::Severity>(std::min(row.severity, gravest));
  return held;
}

// By another sensor than the one that tells who wrote it.
bool lacks_writer(const model::Finding& finding) {
  return finding.event.process.pid.value == 0;
}

// Whether the content is known by its bytes, not only by what stands for them.
bool is_read(const model::Hash& hash) {
  return hash.status == model::HashStatus::done || !hash.read.empty();
}

// The drop as it was told, with what a further sighting of it shows; nothing when that is nothing new.
std::optional<model::Finding> revise(const ToldFindings::Told& told, const model::Finding& sighting) {
  const model::FileFacts& file = sighting.event.file;
  // One that was read before the file was moved may get here after one that was read later.
  const bool has_moved = file.changed >= told.finding.event.file.changed && told.is_news(file);
  const bool has_writer = lacks_writer(told.finding) && !lacks_writer(sighting) &&
                          sighting.event.detected_by == model::Sensor::close_write;
  // It stood still at last.
  const bool has_hash = told.finding.event.file.sha256.status == model::HashStatus::changed &&
                        file.sha256.status == model::HashStatus::done;
  if (!has_moved && !has_writer && !has_hash) return std::nullopt;
  model::Finding revised = told.finding;
  if (has_moved) copy_appearance(file, revised.event.file);
  if (file.sha256.status == model::HashStatus::done) revised.event.file.sha256 = file.sha256;
  if (has_writer) {
    revised.event.process = sighting.event.process;
    revised.event.detected_by = sighting.event.detected_by;
  }
  return revised;
}

// A drop as a sighting shows it, whether or not that is to be told.
model::Finding as_seen(const ToldFindings::Told& told, const model::Finding& sighting) {
  model::Finding seen = told.finding;
  const model::FileFacts& file = sighting.event.file;
  if (!told.has_left(file)) copy_appearance(file, seen.event.file);
  // What could not be read may be other bytes by now, and is covered by no hash.
  if (!is_read(file.sha256) && file.sha256.status != model::HashStatus::pending)
    seen.event.file.sha256 = file.sha256;
  return seen;
}

}  // namespace

Publisher::Publisher(Ledger& ledger, WatchedMounts& mounts, store::Store* store, const Settings& settings,
                     Monitor::Deliver deliver, OnLoss on_loss)
    : ledger_(ledger),
      mounts_(mounts),
      store_(store),
      deliver_(std::move(deliver)),
      on_loss_(std::move(on_loss)) {
  reconfigure(settings);
  if (store_ == nullptr) return;
  for (const store::KnownFinding& finding : store_->take_known_findings())
    known_.add({.id = finding.id,
                .place = finding.place,
                .content = finding.content,
                .revision = finding.told,
                .path = finding.path,
                .exception = finding.exception.empty() ? 0 : policy::exception_key(finding.exception),
                .verdict = verdict_of(finding.decision)});
  for (const store::HeldBack& held : store_->take_held_back())
    rate_.restore(held_of(held), policy::RateLimit::Clock::now());
}

void Publisher::reconfigure(const Settings& settings) {
  has_events_ = settings.has_events;
  has_unidentified_ = settings.watch.unidentified_overlays;
  node_ = settings.node;
  policy_ = settings.policy;
  rate_.set_rate(policy_->rate());
}

bool Publisher::publish(model::Finding& finding, const EventIdentity& identity) {
  if (finding.revision > 1) {
    tell_more(finding, identity);
    return true;
  }
  if (!is_finding(finding)) return false;
  const std::string file_system = file_system_of(finding, identity);
  finding.id = attribute::finding_id(finding, file_system);
  KnownDrop seen = drop_of(finding, file_system);
  tell_apart(finding, seen);
  KnownDrop* known = find_known(finding, seen);
  const bool is_shared = known == nullptr;
  if (is_shared) known = find_shared(finding, identity, file_system, seen);
  if (known != nullptr) {
    see_again(*known, finding, is_shared);
    return false;
  }
  tell_first(finding, seen, file_system);
  return true;
}

// Tells the event. False when there is no finding to be told: then its event has ended.
bool Publisher::is_finding(const model::Finding& finding) {
  const bool is_outside = finding.event.container.id.value.empty() && !has_unidentified_;
  // A file that lay there, or was executed, was not written now.
  const bool is_write = finding.event.detected_by == model::Sensor::close_write;
  if (has_events_ && is_write && !is_outside) count_lost(deliver_.event(finding.event));
  if (!finding.signature) return false;
  if (is_outside) {
    ledger_.end(model::Disposition::outside_containers);
    return false;
  }
  if (finding.event.file.origin == model::Origin::unchanged) {
    ledger_.end(model::Disposition::unchanged);
    return false;
  }
  return true;
}

// Gives an id of its own to what has that of another drop, but other content. It follows from both, so that
// it is the same from each sensor. Without a hash of both there is only the id to go by.
void Publisher::tell_apart(model::Finding& finding, KnownDrop& seen) {
  if (!is_read(finding.event.file.sha256)) return;
  const KnownDrop* const same = known_.find(seen.id);
  if (same == nullptr || same->content == attribute::Digest{} || same->content == seen.content) return;
  // That one may have been too large when it was told: by a limit that has been raised, or a slow disk.
  model::Finding large = finding;
  large.event.file.sha256 = {.value = {}, .status = model::HashStatus::too_large};
  if (same->content == attribute::content_digest(large)) return;
  finding.id = attribute::other_content_id(seen.id, seen.content);
  seen.id = attribute::parse_id(finding.id);
}

KnownDrop* Publisher::find_known(const model::Finding& finding, const KnownDrop& seen) {
  if (KnownDrop* const same = known_.find(seen.id)) return same;
  if (seen.content == attribute::Digest{}) return nullptr;
  // Without a hash there is only the mtime, which a writer can set back: what it wrote is told.
  if (!is_read(finding.event.file.sha256) && finding.event.detected_by == model::Sensor::close_write)
    return nullptr;
  KnownDrop* const there = known_.find_at(seen.place);
  return there != nullptr && there->content == seen.content ? there : nullptr;
}

// A scan cannot tell through whose mount a volume was written that several containers share; an event could.
KnownDrop* Publisher::find_shared(const model::Finding& finding, const EventIdentity& identity,
                                  const std::string& file_system, const KnownDrop& seen) {
  const bool is_of_a_scan = finding.event.detected_by == model::Sensor::scan;
  if (!is_of_a_scan || finding.event.file.place == model::Place::rootfs) return nullptr;
  if (seen.content == attribute::Digest{}) return nullptr;
  model::Finding probe;
  probe.event.file.inode = finding.event.file.inode;
  probe.event.file.place = finding.event.file.place;
  for (const model::ContainerId& container : mounts_.candidates(identity)) {
    probe.event.container.id = container;
    KnownDrop* const there = known_.find_at(attribute::place_digest(probe, file_system));
    if (there != nullptr && there->content == seen.content) return there;
  }
  return nullptr;
}

bool Publisher::may_be_known(const model::Finding& finding, const EventIdentity& identity) {
  const WatchedMount* mount = mounts_.identify(identity);
  if (mount == nullptr || mount->container.value.empty()) return false;
  model::Finding probe;
  probe.event.container.id = mount->container;
  probe.event.file.inode = finding.event.file.inode;
  probe.event.file.place = finding.event.file.place;
  return known_.find_at(attribute::place_digest(probe, file_system_of(probe, identity))) != nullptr;
}

model::Decision Publisher::decide(const model::Finding& finding, std::uint32_t covered_by) {
  return policy_->decide(finding.event,
                         {.now = util::WallTime{std::chrono::system_clock::now()},
                          .is_writer_of_image = [&] { return is_writer_of_image(finding.event); },
                          .covered_by = covered_by});
}

// A path would not tell: in a mount namespace of its own a process can have any program at any path. The
// layers do. Where they only tell what is there now, no drop may be known there; once one is not known any
// more, nothing of the kind is trusted, else who drops files until his own is forgotten would be excepted.
bool Publisher::is_writer_of_image(const model::WriteEvent& event) {
  const auto& exe = event.process.exe_file;
  const bool is_trusted = event.process.program != model::ProgramState::unknown;
  if (!is_trusted || !exe || event.process.container != model::Belonging::same) return false;
  const WatchedMount* const root = mounts_.find(exe->device);
  if (root == nullptr || !root->is_overlay() || root->container != event.container.id) return false;
  if (event.process.program == model::ProgramState::untouched) return true;
  if (misses_drops_ || known_.has_forgotten()) return false;
  model::Finding probe;
  probe.event.container.id = event.container.id;
  probe.event.file.inode = exe->inode;
  return known_.find_at(attribute::place_digest(probe, "rootfs")) == nullptr;
}

// Decides on a record, of a drop that is `known` or not. What outputs were told of once they are told to the
// end, with what the policy says by now. `covered_by`: of a drop that is not whole.
bool Publisher::is_to_be_shown(model::Finding& finding, const KnownDrop* known, std::uint32_t covered_by) {
  finding.is_shown_late = false;
  finding.decision = decide(finding, covered_by);
  model::Verdict& verdict = finding.decision.verdict;
  if (known != nullptr && known->verdict == model::Verdict::shown) return true;
  const bool is_held_back = known != nullptr && known->verdict == model::Verdict::held_back;
  const auto is_within_rate = [&] {
    return rate_.take(finding.event.container, finding.decision.severity, policy::RateLimit::Clock::now());
  };
  if (verdict == model::Verdict::shown && (is_held_back || !is_within_rate()))
    verdict = model::Verdict::held_back;
  // Also where the drop is not known: its first record is one that no output had room for or could write.
  finding.is_shown_late = finding.revision > 1 && verdict == model::Verdict::shown;
  return verdict == model::Verdict::shown;
}

void Publisher::tell_first(model::Finding& finding, const KnownDrop& drop, const std::string& file_system) {
  const bool is_shown = is_to_be_shown(finding, nullptr);
  settle_capture(finding, is_shown);
  Monitor::Delivery delivery = tell(finding, is_shown);
  misses_drops_ = misses_drops_ || !delivery.is_taken();
  if (!delivery.is_taken()) return;
  KnownDrop told = drop;
  told.verdict = finding.decision.verdict;
  told.exception = exception_of(finding.decision);
  remember(finding, told, file_system, std::move(delivery));
}

void Publisher::tell_more(model::Finding& finding, const EventIdentity& identity) {
  const ToldFindings::Told* const told = told_.find(finding.id);
  if (told != nullptr && told->has_moved()) copy_appearance(told->finding.event.file, finding.event.file);
  const KnownDrop* const known = known_.find(attribute::parse_id(finding.id));
  if (known != nullptr) finding.revision = std::max(finding.revision, known->revision + 1);
  const std::string file_system = told != nullptr ? told->file_system : file_system_of(finding, identity);
  const bool is_shown = is_to_be_shown(finding, known);
  settle_capture(finding, is_shown);
  Monitor::Delivery delivery = is_shown ? deliver(finding) : Monitor::Delivery{};
  // Of a drop that is known the next start tells what no output had room for.
  if (known == nullptr && !delivery.is_taken()) return;
  remember(finding, drop_of(finding, file_system), file_system, std::move(delivery));
}

// Where a drop is by now that was told before a restart, or before more than `whole_findings` others: all
// else that was told of it is in the database, so the record is of this sighting alone, and is not stored. Of
// a file with several names, or in a volume, which has a path in each container, it may be the path that was
// told.
bool Publisher::is_moved(const KnownDrop& known, const model::FileFacts& file, std::uint32_t path) {
  const bool has_one_path = file.place == model::Place::rootfs && file.links == 1;
  return has_one_path && file.path_state == model::PathState::live && known.revision < most_moves &&
         known.path != 0 && known.path != path;
}

void Publisher::tell_move(KnownDrop& known, const model::Finding& sighting, std::uint32_t path) {
  model::Finding moved = sighting;
  moved.id = util::hex(known.id);
  moved.revision = known.revision + 1;
  const bool is_shown = is_to_be_shown(moved, &known, known.exception);
  if (known.verdict == model::Verdict::excepted && moved.decision.exception)
    known.exception = exception_of(moved.decision);
  if (!is_shown) return ledger_.end(model::Disposition::duplicate);
  if (!tell(moved, is_shown).is_taken()) return;
  known.revision = moved.revision;
  known.path = path;
  known.verdict = model::Verdict::shown;
}

// Whether a drop of which only this sighting is at hand is judged by it. What an exception covers always is,
// wherever and by however many names it is seen: it is shown once at most. Not where the sighting may be of
// another container that shares the volume, whose path and whose exceptions are others.
bool Publisher::is_to_be_judged(const KnownDrop& known, const model::FileFacts& file, std::uint32_t path,
                                bool is_shared) {
  if (known.verdict != model::Verdict::excepted) return is_moved(known, file, path);
  return !is_shared && file.sha256.status != model::HashStatus::pending;
}

// One sighting more of a drop that was told, and a further record of it when there is something new: of the
// drop, or of the policy where an exception covered it. No limit of what is told keeps the policy from being
// asked then: it would be a way out of the exception's place.
void Publisher::see_again(KnownDrop& known, const model::Finding& sighting, bool is_shared) {
  const std::string id = util::hex(known.id);
  ToldFindings::Told* const told = told_.find(id);
  if (told != nullptr) told->confirm(sighting.event.file);
  auto revised = told == nullptr ? std::nullopt : revise(*told, sighting);
  const bool is_elsewhere = told == nullptr || revised;
  const std::string path = is_elsewhere ? row_path(sighting.event.file) : std::string();
  if (store_ != nullptr) store_->count(id, sighting.event.time, path);
  if (told == nullptr && is_to_be_judged(known, sighting.event.file, store::path_hash(path), is_shared))
    return tell_move(known, sighting, store::path_hash(path));
  const bool has_moved = revised.has_value();
  if (!revised && told != nullptr && known.verdict == model::Verdict::excepted)
    revised = as_seen(*told, sighting);
  if (!revised) return ledger_.end(model::Disposition::duplicate);
  revised->revision = known.revision + 1;
  const bool is_shown = is_to_be_shown(*revised, &known);
  if (!is_shown && !has_moved) return ledger_.end(model::Disposition::duplicate);
  Monitor::Delivery delivery = tell(*revised, is_shown);
  if (!delivery.is_taken()) return;
  told->move(revised->event.file);
  const std::string file_system = told->file_system;
  remember(*revised, drop_of(*revised, file_system), file_system, std::move(delivery));
}

// A record for each container and severity of which something was held back since the last.
void Publisher::tell_summaries(policy::RateLimit::Clock::time_point now) {
  for (const policy::RateLimit::Held& held : rate_.take_summaries(now)) {
    model::Finding summary = policy::summary_of(held, util::WallTime{std::chrono::system_clock::now()}, node_,
                                                policy_->generation());
    summary.id = attribute::summary_id(summary);
    Monitor::Delivery delivery = deliver(summary);
    if (store_ != nullptr)
      store_->save(finding_row(summary, drop_of(summary, {}), {}, std::move(delivery.native)));
  }
}

// Delivers a record, if it is shown, and ends its event.
Monitor::Delivery Publisher::tell(const model::Finding& finding, bool is_shown) {
  Monitor::Delivery delivery = is_shown ? deliver(finding) : Monitor::Delivery{};
  const auto told = is_shown ? model::Disposition::reported : disposition_of(finding.decision.verdict);
  ledger_.end(delivery.is_taken() ? told : model::Disposition::queue_full);
  return delivery;
}

Monitor::Delivery Publisher::deliver(const model::Finding& finding) {
  const Monitor::Delivery delivery = deliver_.finding(finding);
  count_lost(delivery);
  return delivery;
}

// What was told last: in memory to know it again, and in the store for the next start, which knows it once an
// output has written it.
void Publisher::remember(const model::Finding& finding, const KnownDrop& drop, const std::string& file_system,
                         Monitor::Delivery delivery) {
  if (KnownDrop* const known = known_.find(drop.id)) {
    if (known->verdict != model::Verdict::shown) known->verdict = drop.verdict;
    known->revision = drop.revision;
    known->path = drop.path;
    known->exception = drop.exception;
    if (drop.content != attribute::Digest{}) known->content = drop.content;
  } else {
    known_.add(drop);
  }
  told_.add(finding, file_system);
  if (store_ == nullptr) return;
  store::StoredFinding row = finding_row(finding, drop, file_system, std::move(delivery.native));
  row.is_unwanted = !delivery.is_wanted();
  store_->save(std::move(row));
}

void Publisher::count_lost(const Monitor::Delivery& delivery) {
  for (std::size_t i = 0; i < delivery.lost; ++i) on_loss_(model::Loss::output_full);
}

// A name of the file system that holds after a restart. A container has one root file system.
std::string Publisher::file_system_of(const model::Finding& finding, const EventIdentity& identity) {
  if (finding.event.file.place != model::Place::rootfs)
    return fmt::format("{:016x}", identity.file_system.value);
  const WatchedMount* overlay = mounts_.identify(identity);
  const bool is_identified = overlay == nullptr || !finding.event.container.id.value.empty();
  return is_identified ? "rootfs" : overlay->layers.upperdir;
}

}  // namespace dropwarden::monitor
