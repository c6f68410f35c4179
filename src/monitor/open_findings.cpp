// SPDX-License-Identifier: Apache-2.0
#include "open_findings.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "dropwarden/attribute/process.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// A process that can make its own /proc files slow must not be able to hold back the finding about it.
constexpr auto process_wait = 250ms;
// Nor may a slow disk or a long queue of comparisons hold one back.
constexpr auto origin_wait = 400ms;
// Of what lies there, nobody knows for how long: rather late than told although it is the image's, or as
// nobody's.
constexpr auto patient_wait = 10s;
// How many a turn of the loop ends the waits of: each is told then. Thousands may be due at once.
constexpr std::size_t most_at_once = 256;

bool is_patient(model::Sensor sensor) {
  return sensor == model::Sensor::scan || sensor == model::Sensor::upper_layer;
}

// Nobody tells any more: then it is known to nobody.
void give_up_metadata(model::Finding& finding) {
  auto& metadata = finding.event.container.metadata;
  if (metadata == model::Metadata::pending) metadata = model::Metadata::none;
}

}  // namespace

std::chrono::milliseconds origin_wait_of(model::Sensor sensor) {
  return is_patient(sensor) ? std::chrono::milliseconds(patient_wait) : origin_wait;
}

OpenFindings::Clock::time_point OpenFindings::Open::completion_deadline() const {
  if (metadata_from == MetadataFrom::away) return away_deadline;
  return std::min(metadata_from == MetadataFrom::knower ? metadata_deadline : answer_deadline, away_deadline);
}

void OpenFindings::add(std::uint64_t serial, model::Finding finding, const EventIdentity& identity,
                       Awaited awaited, Clock::time_point now, std::optional<Evidence> evidence) {
  const auto sensor = finding.event.detected_by;
  const auto metadata_deadline = now + patience_.metadata;
  const auto at =
      open_
          .emplace(serial,
                   Open{.finding = std::move(finding),
                        .identity = identity,
                        .awaited = awaited,
                        .process_deadline = now + process_wait,
                        .origin_deadline = now + origin_wait_of(sensor),
                        .owner_deadline = is_patient(sensor) ? std::max(metadata_deadline, now + patient_wait)
                                                             : metadata_deadline,
                        .metadata_deadline = metadata_deadline,
                        .answer_deadline = now + patience_.metadata + patience_.answer,
                        .away_deadline = now + patience_.metadata + patience_.away,
                        .is_held_for_metadata = patience_.is_metadata_needed})
          .first;
  highest_ = std::max(highest_, open_.size());
  at->second.evidence = std::move(evidence);
  resolve(at->second);
  settle(at);
  while (open_.size() > patience_.open) finalise(open_.begin());
}

void OpenFindings::on_process(std::uint64_t serial, model::ProcessInfo process,
                              std::vector<std::string> image_programs) {
  const auto at = open_.find(serial);
  if (at == open_.end() || !at->second.awaited.process) return;
  at->second.finding.event.image_programs = std::move(image_programs);
  at->second.finding.event.process =
      attribute::complete_process(at->second.finding.event.process, std::move(process));
  at->second.awaited.process = false;
  resolve(at->second);
  settle(at);
}

void OpenFindings::on_hash(std::uint64_t serial, model::Hash hash, std::optional<Evidence> evidence) {
  const auto at = open_.find(serial);
  if (at == open_.end()) return;
  Open& open = at->second;
  open.finding.event.file.sha256 = std::move(hash);
  open.awaited.hash = false;
  auto& capture = open.finding.event.file.capture.status;
  if (evidence) {
    // An exception may have covered the finding without its hash.
    capture = model::CaptureStatus::pending;
    open.evidence = std::move(evidence);
  } else if (capture == model::CaptureStatus::pending) {
    capture = model::CaptureStatus::gone;
  }
  if (std::exchange(open.is_hash_to_decide, false) && !find_again(serial, open))
    open.awaited.origin = open.awaited.late_origin = false;
  settle(at);
}

void OpenFindings::on_capture(std::uint64_t serial, model::Capture capture) {
  const auto at = open_.find(serial);
  if (at == open_.end()) return;
  at->second.is_copy_awaited = false;
  at->second.finding.event.file.capture = std::move(capture);
  settle(at);
}

void OpenFindings::on_origin(std::uint64_t serial, std::optional<model::Origin> origin) {
  const auto at = open_.find(serial);
  if (at == open_.end()) return;
  Open& open = at->second;
  if (!origin && find_again(serial, open)) return;
  open.finding.event.file.origin = origin.value_or(model::Origin::unknown);
  open.awaited.origin = open.awaited.late_origin = false;
  settle(at);
}

bool OpenFindings::find_again(std::uint64_t serial, Open& open) {
  if (!open.awaited.may_hash_decide || open.is_asked_again) return false;
  if (open.awaited.hash) return open.is_hash_to_decide = true;
  if (open.finding.event.file.sha256.status != model::HashStatus::done) return false;
  open.is_asked_again = true;
  return find_again_(open.finding, open.identity, serial);
}

void OpenFindings::on_containers(Clock::time_point now) {
  for (auto at = open_.begin(); at != open_.end();) {
    Open& open = at->second;
    const bool was_away = open.metadata_from == MetadataFrom::away;
    const bool is_news = resolve(open);
    // It is back, and has all to tell again.
    if (was_away && open.metadata_from != MetadataFrom::away) open.answer_deadline = now + patience_.answer;
    if (!is_news) index(at);
    at = is_news ? settle(at) : std::next(at);
  }
}

void OpenFindings::expire(Clock::time_point now) {
  std::vector<std::uint64_t> due;
  for (auto entry = due_.begin(); entry != due_.end() && entry->first <= now; ++entry) {
    due.push_back(entry->second);
    if (due.size() == most_at_once) break;
  }
  // In the order in which they came.
  std::ranges::sort(due);
  for (const std::uint64_t serial : due) {
    const auto at = open_.find(serial);
    if (at == open_.end()) continue;
    const Awaited before = at->second.awaited;
    expire(at->second, now);
    if (before != at->second.awaited)
      settle(at);
    else
      index(at);
  }
}

void OpenFindings::expire(Open& open, Clock::time_point now) {
  Awaited& awaited = open.awaited;
  if (now >= open.process_deadline) awaited.process = false;
  if (now >= open.origin_deadline && awaited.origin) {
    awaited.origin = false;
    awaited.late_origin = true;
  }
  // What was just written is told at once rather than surely once. Nobody waits for the others.
  if (now >= open.origin_deadline && open.is_written()) awaited.is_hash_first = false;
  if (now >= open.metadata_deadline && awaited.metadata) {
    open.is_held_for_metadata = false;
    resolve(open);
  }
  if (now >= open.owner_deadline && awaited.container) {
    resolve(open);
    // The id says now that its container is unknown, so nobody can tell of it any more.
    if (awaited.container) awaited.metadata = awaited.late_metadata = false;
    if (awaited.container) give_up_metadata(open.finding);
    awaited.container = false;
  }
  if (now >= open.completion_deadline() && (awaited.metadata || awaited.late_metadata)) {
    awaited.metadata = awaited.late_metadata = false;
    give_up_metadata(open.finding);
  }
}

void OpenFindings::finish() {
  for (auto at = open_.begin(); at != open_.end();) at = finalise(at);
}

EventIdentity* OpenFindings::identity_of(std::uint64_t serial) {
  const auto at = open_.find(serial);
  return at == open_.end() ? nullptr : &at->second.identity;
}

std::optional<OpenFindings::Clock::time_point> OpenFindings::Open::next_deadline() const {
  std::optional<Clock::time_point> next;
  const auto consider = [&next](Clock::time_point when) { next = next ? std::min(*next, when) : when; };
  if (awaited.process) consider(process_deadline);
  const bool is_hash_first = awaited.hash && awaited.is_hash_first && is_written();
  if (awaited.origin || is_hash_first) consider(origin_deadline);
  if (awaited.container) consider(owner_deadline);
  if (awaited.metadata) consider(metadata_deadline);
  if (awaited.late_metadata) consider(completion_deadline());
  return next;
}

void OpenFindings::index(Iterator at) {
  Open& open = at->second;
  const auto due = open.next_deadline();
  if (due != open.due) {
    if (open.due) due_.erase({*open.due, at->first});
    if (due) due_.emplace(*due, at->first);
    open.due = due;
  }
  if (open.awaited.container != open.is_container_counted) {
    open.is_container_counted = open.awaited.container;
    if (open.is_container_counted)
      ++container_awaited_;
    else
      --container_awaited_;
  }
}

OpenFindings::Iterator OpenFindings::erase(Iterator at) {
  at->second.awaited = {};
  index(at);
  return open_.erase(at);
}

bool OpenFindings::awaits_worker() const {
  return std::ranges::any_of(open_, [](const auto& entry) {
    const Awaited& awaited = entry.second.awaited;
    return awaited.process || awaited.hash || awaited.origin || awaited.late_origin ||
           entry.second.is_copy_awaited;
  });
}

bool OpenFindings::resolve(Open& open) {
  Awaited& awaited = open.awaited;
  const bool is_settled =
      open.is_published && !awaited.container && !awaited.metadata && !awaited.late_metadata;
  if (is_settled) return false;
  const Awaited before = awaited;
  const ContainerAwaited now = resolve_(open.finding, open.identity);
  open.metadata_from = now.metadata;
  const bool is_told_later = now.metadata != MetadataFrom::nobody;
  awaited.container = now.container;
  awaited.metadata = is_told_later && open.is_held_for_metadata;
  awaited.late_metadata = is_told_later && !open.is_held_for_metadata;
  return awaited != before;
}

OpenFindings::Iterator OpenFindings::settle(Iterator at) {
  Open& open = at->second;
  if (open.awaited.first_revision()) {
    index(at);
    return std::next(at);
  }
  if (open.is_published) ++open.finding.revision;
  open.finding.is_final = !open.awaited.anything();
  const bool is_wanted = publish_(open.finding, open.identity);
  open.is_published = true;
  if (!is_wanted) return erase(at);
  if (!copy(at)) return settle(at);
  if (!open.awaited.anything() && !open.is_copy_awaited) return erase(at);
  index(at);
  return std::next(at);
}

bool OpenFindings::copy(Iterator at) {
  Open& open = at->second;
  auto& status = open.finding.event.file.capture.status;
  if (status != model::CaptureStatus::pending) {
    open.evidence.reset();
    return true;
  }
  if (open.awaited.hash || open.is_copy_awaited) return true;
  if (open.evidence && copy_ && copy_(open.finding, at->first, std::move(*open.evidence)))
    open.is_copy_awaited = true;
  else
    status = model::CaptureStatus::gone;
  open.evidence.reset();
  return open.is_copy_awaited;
}

OpenFindings::Iterator OpenFindings::finalise(Iterator at) {
  at->second.awaited = {};
  give_up_metadata(at->second.finding);
  auto& capture = at->second.finding.event.file.capture.status;
  if (capture == model::CaptureStatus::pending) capture = model::CaptureStatus::gone;
  at->second.is_copy_awaited = false;
  return settle(at);
}

}  // namespace dropwarden::monitor
