// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/drift.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <utility>
#include <variant>

#include "dropwarden/attribute/finding_id.hpp"
#include "dropwarden/attribute/hash.hpp"
#include "dropwarden/layer/image.hpp"
#include "dropwarden/layer/origin.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/mount/table.hpp"
#include "dropwarden/policy/dropped_executable.hpp"
#include "dropwarden/privilege/places.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/escape.hpp"
#include "dropwarden/watch/features.hpp"

#include "drift_finding.hpp"
#include "examine.hpp"
#include "mount_table.hpp"
#include "overlay_view.hpp"
#include "registrations.hpp"
#include "same_file.hpp"
#include "told_drops.hpp"

// Owns descriptors of one file and of the layers it is compared with. Holds the overlay itself for the length
// of a look at one name: it would keep the container from being removed.
namespace dropwarden::monitor {
namespace {

constexpr int max_walks = 4;
constexpr auto max_compare_time = std::chrono::seconds{5};

std::string digest_of(int fd, std::uint64_t size) {
  return attribute::hash_file(fd, size, {.max_bytes = size, .max_time = max_compare_time}).value;
}

class LayerScan {
 public:
  LayerScan(privilege::Privilege& privilege, const WritableLayer& layer,
            std::shared_ptr<const layer::ReadableMounts> mounts, const model::Container& container,
            const DriftSettings& settings, const DriftHandlers& handlers)
      : privilege_(privilege),
        layer_(layer),
        mounts_(std::move(mounts)),
        container_(container),
        settings_(settings),
        handlers_(handlers),
        registrations_(privilege),
        rules_(registrations_.current(Registrations::Clock::now())),
        image_(privilege, std::make_shared<const model::OverlayLayers>(layer.layers), mounts_) {}

  LayerDrift run() {
    std::optional<util::WallTime> since;
    for (int walk = 1;; ++walk) {
      const auto result = walk_since(since);
      if (!result || !result->has_changed) return std::move(drift_);
      // Not the end of this walk: it is what came meanwhile that has to be looked at.
      since = result->started;
      if (walk < max_walks) continue;
      add_problem("it did not stop changing while it was scanned");
      return std::move(drift_);
    }
  }

 private:
  std::optional<layer::ScanResult> walk_since(const std::optional<util::WallTime>& since) {
    auto top = layer::open_upper_tree(privilege_, *mounts_, layer_.layers);
    if (!top) {
      add_problem(top.error().text());
      return std::nullopt;
    }
    layer::Scanner scanner(privilege_, std::move(*top), {.changed_since = since}, rules_);
    while (scanner.step({}, [this](const layer::ScannedFile& file) { on_file(file); }))
      handlers_.on_progress(scanner.result());
    const layer::ScanResult& result = scanner.result();
    drift_.entries += result.entries;
    for (const layer::CutOff& cut : result.told) {
      std::string text = util::escape(cut.path) + ": " + name_of(cut.why);
      if (cut.error != 0) text += std::string(": ") + std::strerror(cut.error);
      add_problem(std::move(text));
    }
    if (result.cut_off > result.told.size())
      add_problem("and " + std::to_string(result.cut_off - result.told.size()) + " more");
    return result;
  }

  void add_problem(std::string text) {
    if (std::ranges::find(drift_.problems, text) == drift_.problems.end())
      drift_.problems.push_back(std::move(text));
  }

  void on_file(const layer::ScannedFile& scanned) {
    auto examined = examine(scanned.file.number(), settings_.classify, rules_, scanned.path);
    if (const auto* disposition = std::get_if<model::Disposition>(&examined)) {
      if (*disposition == model::Disposition::unreadable)
        add_problem(util::escape(scanned.path) + ": unreadable");
      return;
    }
    Hit& hit = std::get<Hit>(examined);
    model::Finding finding = drift_finding(hit, model::Place::rootfs, container_, settings_);
    model::FileFacts& file = finding.event.file;
    look_through_overlay(scanned, file);
    file.sha256 =
        attribute::hash_file(scanned.file.number(), file.size, {.max_bytes = settings_.watch.hash_max_bytes});
    file.origin = origin_of(file);
    finding.signature = policy::detect(finding.event, settings_.classify);
    if (!finding.signature || file.origin == model::Origin::unchanged) return;
    finding.id =
        attribute::finding_id(finding, container_.id.value.empty() ? layer_.layers.upperdir : "rootfs");
    if (!told_.insert(finding, "rootfs")) return;
    if (decide(finding, settings_, drift_)) handlers_.on_finding(finding);
  }

  // Inode and device as the container sees them.
  void look_through_overlay(const layer::ScannedFile& scanned, model::FileFacts& file) {
    if (layer_.merged.empty()) return;
    const auto root = privilege_.open_layer(layer_.merged);
    if (!root) return;
    const auto entry = layer::open_far_entry(privilege_, root->number(), file.path);
    const auto after = sys::read_status(scanned.file.number());
    if (!entry || !after) return;
    const sys::FileStatus& seen = entry->status;
    // By now the name may lead to another file.
    if (!is_same_file(scanned.status, seen, *after)) return;
    file.inode = seen.inode;
    file.device = {seen.device_major, seen.device_minor};
  }

  model::Origin origin_of(const model::FileFacts& facts) {
    // Of a stopped container the runtime may not have told what the image is.
    if (layer_.layers.lowerdirs.empty()) return model::Origin::unknown;
    auto found = layer::find_origin(privilege_, image_, {.facts = facts, .is_path_certain = true}, digest_of);
    const auto* comparison = std::get_if<layer::Comparison>(&found);
    const layer::Budget budget{.max_bytes = settings_.watch.compare_max_bytes, .max_time = max_compare_time};
    const auto answer =
        comparison != nullptr ? layer::compare(*comparison, budget) : std::get<layer::Answer>(found);
    return answer.value_or(model::Origin::unknown);
  }

  privilege::Privilege& privilege_;
  const WritableLayer& layer_;
  const std::shared_ptr<const layer::ReadableMounts> mounts_;
  const model::Container& container_;
  const DriftSettings& settings_;
  const DriftHandlers& handlers_;
  Registrations registrations_;
  const std::span<const classify::RegistrationRule> rules_;
  layer::Image image_;
  ToldDrops told_;
  LayerDrift drift_;
};

// What only processes show may name the layers of others. So the marker proves what each writes to, as it
// does when it marks it: the mark goes with the group.
class RootProofs {
 public:
  RootProofs(privilege::Privilege& privilege, OverlayView& view) : privilege_(privilege), view_(view) {}

  void prove_all(const OverlayView::Owners& owners, OverlayView::Clock::time_point now) {
    const auto group = privilege_.open_group(watch::group_flags({}), watch::group_event_flags());
    for (const auto& [device, target] : view_.targets(owners)) {
      const model::Mount* const mount = target.mount_point.empty() ? view_.mount_of(target) : nullptr;
      if (mount == nullptr) continue;
      const auto marked = group ? mark(group->number(), target) : std::unexpected(group.error());
      if (!marked && privilege::is_foreign(marked.error()))
        view_.refuse(target.init, marked.error().object);
      else if (!marked)
        problems_.insert_or_assign(view_.container_of(target.init), marked.error().text());
      else if (view_.prove(target.init, model::Mount(*mount), upper_of(*marked), now))
        upper_.insert_or_assign(device, upper_of(*marked).value_or(model::Directory{}));
    }
    for (const auto& foreign : view_.foreign(owners))
      problems_.insert_or_assign(
          foreign.container, "a container may have mounted it itself (" + util::escape(foreign.reason) + ")");
  }

  // Nothing where it is not proven what the overlay is.
  std::optional<model::Directory> upper(const model::Device& device) const {
    const auto found = upper_.find(device);
    return found == upper_.end() ? std::nullopt : std::optional(found->second);
  }
  const std::map<std::string, std::string>& problems() const { return problems_; }

 private:
  sys::Result<privilege::RootIdentity> mark(int group, const watch::Target& target) const {
    auto marked = privilege_.mark_file_system(group, privilege::ProcessRoot{target.init.value},
                                              watch::close_write_mask(), overlay_magic);
    if (!marked || model::Device{marked->device_major, marked->device_minor} == target.device) return marked;
    return std::unexpected(sys::Error{"fanotify_mark", "root of a process", ESTALE});
  }

  privilege::Privilege& privilege_;
  OverlayView& view_;
  std::map<model::Device, model::Directory> upper_;
  std::map<std::string, std::string> problems_;
};

}  // namespace

WritableLayers find_writable_layers(privilege::Privilege& privilege,
                                    const std::shared_ptr<const container::Snapshot>& snapshot) {
  const auto table = sys::value_or_throw(read_mount_table(privilege));
  OverlayView view(privilege);
  view.on_table(table);
  const auto now = OverlayView::Clock::now();
  view.on_containers(snapshot, now);
  std::set<std::string> known;
  const auto owners = view.look_for_owners(now);
  RootProofs proofs(privilege, view);
  proofs.prove_all(owners, now);
  WritableLayers found{.layers = {},
                       .problems = proofs.problems(),
                       .mounts = std::make_shared<const layer::ReadableMounts>(table)};
  for (const auto& [device, target] : view.targets(owners)) {
    const model::Mount* mount = view.mount_of(target);
    auto layers = mount == nullptr ? std::nullopt : mount::parse_overlay_layers(*mount);
    if (!layers) continue;
    if (target.mount_point.empty()) {
      layers->upper = proofs.upper(device);
      if (!layers->upper) continue;
    }
    WritableLayer layer{.container = {}, .layers = std::move(*layers), .merged = target.mount_point};
    // What lies below one of another user namespace may never answer.
    if (layer.merged.empty() && !target.is_of_other_users)
      layer.merged = "/proc/" + std::to_string(target.init.value) + "/root";
    if (const auto owner = owners.find(device); owner != owners.end()) layer.container = owner->second.id;
    known.insert(layer.container.value);
    found.layers.push_back(std::move(layer));
  }
  for (const auto& [id, container] : snapshot->containers) {
    // That of another one's overlay is not this one's, whatever a runtime tells.
    const auto is_its = [&](const WritableLayer& layer) {
      return layer.layers.upperdir == container->upperdir;
    };
    if (container->upperdir.empty() || known.contains(id) || std::ranges::any_of(found.layers, is_its))
      continue;
    found.layers.push_back(
        {.container = {id},
         .layers = {.upperdir = container->upperdir, .workdir = {}, .lowerdirs = container->lowerdirs},
         .merged = {}});
  }
  return found;
}

LayerDrift scan_layer(privilege::Privilege& privilege, const WritableLayer& layer,
                      const std::shared_ptr<const layer::ReadableMounts>& mounts,
                      const model::Container& container, const DriftSettings& settings,
                      const DriftHandlers& handlers) {
  if (layer.layers.upperdir.empty()) return {};
  return LayerScan(privilege, layer, mounts, container, settings, handlers).run();
}

}  // namespace dropwarden::monitor
