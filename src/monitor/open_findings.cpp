// SPDX-License-Identifier: Apache-2.0
#include "open_findings.hpp"

#include <algorithm>
#include <utility>

#include "dropwarden/attribute/process.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// A process that can make its own /proc files slow must not be able to hold back the finding about it.
constexpr auto process_wait = 250ms;
// Nor may a slow disk or a long queue of comparisons hold one back.
constexpr auto origin_wait = 400ms;
// How long a finding waits for what a runtime has not told yet.
constexpr auto metadata_wait = 2s;

}  // namespace

void OpenFindings::add(std::uint64_t serial, model::Finding finding, const EventIdentity& identity,
                       Awaited awaited, Clock::time_point now) {
  const auto at = open_
                      .emplace(serial, Open{.finding = std::move(finding),
                                            .identity = identity,
                                            .awaited = awaited,
                                            .process_deadline = now + process_wait,
                                            .origin_deadline = now + origin_wait,
                                            .metadata_deadline = now + metadata_wait})
                      .first;
  resolve(at->second);
  settle(at);
}

void OpenFindings::on_process(std::uint64_t serial, model::ProcessInfo process) {
  const auto at = open_.find(serial);
  if (at == open_.end() || !at->second.awaited.process) return;
  at->second.finding.event.process =
      attribute::complete_process(at->second.finding.event.process, std::move(process));
  at->second.awaited.process = false;
  resolve(at->second);
  settle(at);
}

void OpenFindings::on_hash(std::uint64_t serial, model::Hash hash) {
  const auto at = open_.find(serial);
  if (at == open_.end()) return;
  at->second.finding.event.file.sha256 = std::move(hash);
  at->second.awaited.hash = false;
  settle(at);
}

void OpenFindings::on_origin(std::uint64_t serial, model::Origin origin) {
  const auto at = open_.find(serial);
  if (at == open_.end()) return;
  at->second.finding.event.file.origin = origin;
  at->second.awaited.origin = at->second.awaited.late_origin = false;
  settle(at);
}

void OpenFindings::on_containers() {
  for (auto at = open_.begin(); at != open_.end();) at = resolve(at->second) ? settle(at) : std::next(at);
}

void OpenFindings::expire(Clock::time_point now) {
  for (auto at = open_.begin(); at != open_.end();) {
    Open& open = at->second;
    const Awaited before = open.awaited;
    if (now >= open.process_deadline) open.awaited.process = false;
    if (now >= open.origin_deadline && open.awaited.origin) {
      open.awaited.origin = false;
      open.awaited.late_origin = true;
    }
    if (now >= open.metadata_deadline && (open.awaited.container || open.awaited.metadata)) {
      resolve(open);
      open.awaited.container = open.awaited.metadata = false;
      const bool is_pending = open.finding.event.container.metadata == model::Metadata::pending;
      if (is_pending) open.finding.event.container.metadata = model::Metadata::none;
    }
    const bool is_changed = before.process != open.awaited.process || before.origin != open.awaited.origin ||
                            before.metadata != open.awaited.metadata ||
                            before.container != open.awaited.container;
    at = is_changed ? settle(at) : std::next(at);
  }
}

void OpenFindings::finish() {
  for (auto at = open_.begin(); at != open_.end();) {
    at->second.awaited = {};
    at = settle(at);
  }
}

const EventIdentity* OpenFindings::identity_of(std::uint64_t serial) const {
  const auto at = open_.find(serial);
  return at == open_.end() ? nullptr : &at->second.identity;
}

std::optional<OpenFindings::Clock::time_point> OpenFindings::next_deadline() const {
  std::optional<Clock::time_point> next;
  const auto consider = [&next](Clock::time_point when) { next = next ? std::min(*next, when) : when; };
  for (const auto& [serial, open] : open_) {
    if (open.awaited.process) consider(open.process_deadline);
    if (open.awaited.origin) consider(open.origin_deadline);
    if (open.awaited.container || open.awaited.metadata) consider(open.metadata_deadline);
  }
  return next;
}

bool OpenFindings::is_container_awaited() const {
  return std::ranges::any_of(open_, [](const auto& entry) { return entry.second.awaited.container; });
}

bool OpenFindings::resolve(Open& open) {
  const bool is_settled = open.is_published && !open.awaited.container && !open.awaited.metadata;
  if (is_settled) return false;
  const ContainerAwaited before{open.awaited.container, open.awaited.metadata};
  const ContainerAwaited now = resolve_(open.finding, open.identity);
  open.awaited.container = now.container;
  open.awaited.metadata = now.metadata;
  return now != before;
}

OpenFindings::Iterator OpenFindings::settle(Iterator at) {
  Open& open = at->second;
  if (open.awaited.first_revision()) return std::next(at);
  if (open.is_published) ++open.finding.revision;
  open.finding.is_final = !open.awaited.anything();
  const bool is_wanted = publish_(open.finding, open.identity);
  open.is_published = true;
  return is_wanted && open.awaited.anything() ? std::next(at) : open_.erase(at);
}

}  // namespace dropwarden::monitor
