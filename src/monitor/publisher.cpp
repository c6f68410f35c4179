// SPDX-License-Identifier: Apache-2.0
#include "publisher.hpp"

#include <utility>

#include <fmt/format.h>

#include "dropwarden/attribute/finding_id.hpp"

namespace dropwarden::monitor {

Publisher::Publisher(Ledger& ledger, WatchedMounts& mounts, const Settings& settings,
                     Monitor::Deliver deliver, OnLoss on_loss)
    : ledger_(ledger), mounts_(mounts), deliver_(std::move(deliver)), on_loss_(std::move(on_loss)) {
  reconfigure(settings);
}

void Publisher::reconfigure(const Settings& settings) {
  has_events_ = settings.has_events;
  has_unidentified_ = settings.watch.unidentified_overlays;
}

bool Publisher::publish(model::Finding& finding, const EventIdentity& identity) {
  if (finding.revision == 1 && !begin(finding, identity)) return false;
  if (const std::string content = content_of(finding, identity); !content.empty()) contents_.insert(content);
  const Monitor::Delivery delivery = deliver_.finding(finding);
  count_lost(delivery);
  if (finding.revision != 1) return true;
  const bool is_lost = delivery.outputs > 0 && delivery.lost == delivery.outputs;
  ledger_.end(is_lost ? model::Disposition::queue_full : model::Disposition::reported);
  return true;
}

// Tells the event, and gives a finding its id. False when there is no finding to be told: then its event
// has ended.
bool Publisher::begin(model::Finding& finding, const EventIdentity& identity) {
  const bool is_outside = finding.event.container.id.value.empty() && !has_unidentified_;
  if (has_events_ && !is_outside) count_lost(deliver_.event(finding.event));
  if (!finding.signature) return false;
  if (is_outside) {
    ledger_.end(model::Disposition::outside_containers);
    return false;
  }
  if (finding.event.file.origin == model::Origin::unchanged) {
    ledger_.end(model::Disposition::unchanged);
    return false;
  }
  // What was told when it was closed is no other drop for having got its execute bit, or another name, since.
  const bool is_seen_again = finding.event.detected_by != model::Sensor::close_write &&
                             contents_.contains(content_of(finding, identity));
  if (is_seen_again) {
    ledger_.end(model::Disposition::duplicate);
    return false;
  }
  finding.id = attribute::finding_id(finding, file_system_of(finding, identity));
  if (recent_.insert(finding.id)) return true;
  ledger_.end(model::Disposition::duplicate);
  return false;
}

void Publisher::count_lost(const Monitor::Delivery& delivery) {
  for (std::size_t i = 0; i < delivery.lost; ++i) on_loss_(model::Loss::output_full);
}

// The same bytes in the same file, whatever has changed of it otherwise; empty while the hash is not known.
std::string Publisher::content_of(const model::Finding& finding, const EventIdentity& identity) {
  const model::FileFacts& file = finding.event.file;
  if (file.sha256.status != model::HashStatus::done) return {};
  return fmt::format("{} {} {} {}", finding.event.container.id.value, file_system_of(finding, identity),
                     file.inode, file.sha256.value);
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
