// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/volume_drift.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "dropwarden/attribute/finding_id.hpp"
#include "dropwarden/attribute/hash.hpp"
#include "dropwarden/policy/dropped_executable.hpp"
#include "dropwarden/util/escape.hpp"

#include "container_mounts.hpp"
#include "container_start.hpp"
#include "drift_finding.hpp"
#include "examine.hpp"
#include "mount_table.hpp"
#include "registrations.hpp"
#include "told_drops.hpp"
#include "tree_scan.hpp"

// Owns the descriptor of one file.
namespace dropwarden::monitor {
namespace {

bool is_scanned(const mount::JudgedMount& judged) {
  // An overlay that is bound somewhere is scanned as the root that it is; a root that is none holds the
  // image.
  return judged.coverage != mount::Coverage::none && judged.place != model::Place::rootfs &&
         judged.mount.file_system != "overlay";
}

}  // namespace

std::vector<WritableVolume> find_writable_volumes(
    privilege::Privilege& privilege, const config::Watch& watch,
    const std::shared_ptr<const container::Snapshot>& snapshot) {
  ContainerMounts containers(privilege);
  containers.set_options(judge_options(watch));
  containers.on_table(sys::value_or_throw(read_mount_table(privilege)));
  containers.on_containers(snapshot);
  std::vector<WritableVolume> volumes;
  std::set<std::tuple<model::Device, std::string>> known;
  for (const auto& reading :
       containers.read_due(ContainerMounts::Clock::now(), snapshot->containers.size())) {
    for (const mount::JudgedMount& judged : reading.mounts) {
      if (!is_scanned(judged) || !known.emplace(judged.mount.device, judged.mount.root).second) continue;
      WritableVolume volume{.mount = to_watched(judged, reading), .host = {}, .since = {}};
      const WatchedMount& mount = volume.mount;
      volume.host = containers.host().find(mount.device, mount.root, mount.path, mount.path);
      if (mount.place == model::Place::volume)
        volume.since = read_container_start(privilege, mount, *snapshot);
      volumes.push_back(std::move(volume));
    }
  }
  return volumes;
}

LayerDrift scan_volume(privilege::Privilege& privilege, const WritableVolume& volume,
                       const std::shared_ptr<const layer::ReadableMounts>& mounts,
                       const model::Container& container, const DriftSettings& settings,
                       const DriftHandlers& handlers) {
  Registrations registrations(privilege);
  const auto rules = registrations.current(Registrations::Clock::now());
  TreeScan scan(privilege, MountTree(privilege, volume.mount, volume.host, mounts),
                {.changed_since = volume.since, .never_before = volume.since, .tells_again = true},
                {rules.begin(), rules.end()});
  LayerDrift drift;
  ToldDrops told;
  const auto on_file = [&](const layer::ScannedFile& scanned, const Located& located) {
    auto examined = examine(scanned.file.number(), settings.classify, rules, located.path);
    if (const auto* disposition = std::get_if<model::Disposition>(&examined)) {
      if (*disposition == model::Disposition::unreadable)
        drift.problems.push_back(util::escape(located.path) + ": unreadable");
      return;
    }
    Hit& hit = std::get<Hit>(examined);
    const std::string file_system = fmt::format("{:016x}", hit.identity.file_system.value);
    model::Finding finding = drift_finding(hit, volume.mount.place, container, settings);
    model::FileFacts& file = finding.event.file;
    file.sha256 =
        attribute::hash_file(scanned.file.number(), file.size, {.max_bytes = settings.watch.hash_max_bytes});
    finding.signature = policy::detect(finding.event, settings.classify);
    if (!finding.signature) return;
    finding.id = attribute::finding_id(finding, file_system);
    if (!told.insert(finding, file_system)) return;
    if (decide(finding, settings, drift)) handlers.on_finding(finding);
  };
  HandedOn handed_on;
  layer::ScanResult progress;
  while (scan.step({}, handed_on, on_file)) {
    progress.entries = scan.totals().entries;
    handlers.on_progress(progress);
  }
  drift.entries = scan.totals().entries;
  // One that has gone meanwhile has nothing that could be looked at.
  if (!scan.totals().is_gone) {
    const auto& problems = scan.totals().problems;
    drift.problems.insert(drift.problems.end(), problems.begin(), problems.end());
  }
  return drift;
}

}  // namespace dropwarden::monitor
