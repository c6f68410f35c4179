// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/daemon/scan.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include "dropwarden/monitor/drift.hpp"
#include "dropwarden/monitor/volume_drift.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/util/escape.hpp"

#include "node_name.hpp"
#include "run_discovery.hpp"
#include "select_container.hpp"

namespace dropwarden::daemon {
namespace {

using model::ContainerState;

std::string label_of(const model::Container& container, const monitor::WritableLayer& layer) {
  constexpr std::size_t short_id = 12;
  if (!container.name.empty()) return util::escape(container.name);
  if (!container.id.value.empty()) return util::escape(container.id.value.substr(0, short_id));
  return util::escape(layer.layers.upperdir);
}

class Scan {
 public:
  Scan(privilege::Privilege& privilege, const config::Config& config, const ScanHandlers& handlers)
      : config_(config),
        handlers_(handlers),
        privilege_(privilege),
        snapshot_(run_discovery(privilege_, config.runtimes, Ended::told)),
        found_(monitor::find_writable_layers(privilege_, snapshot_)),
        volumes_(monitor::find_writable_volumes(privilege_, config.watch, snapshot_)) {}

  ScanReport run(const std::vector<std::string>& names) {
    select(names);
    for (const monitor::WritableLayer* layer : selected_) scan(*layer);
    for (const monitor::WritableVolume* volume : selected_volumes_) scan(*volume);
    return report_;
  }

 private:
  void select(const std::vector<std::string>& names) {
    std::set<std::string> ids;
    for (const std::string& name : names) ids.insert(select_container(*snapshot_, name).value);
    for (const monitor::WritableLayer& layer : found_.layers) {
      if (is_wanted(layer, ids)) selected_.push_back(&layer);
    }
    std::ranges::sort(selected_, {}, [](const auto* layer) { return layer->container.value; });
    for (const auto& [id, container] : snapshot_->containers) {
      const bool is_asked_for = ids.empty() ? !container->is_sandbox : ids.contains(id);
      const auto unproven = found_.problems.find(id);
      if (is_asked_for && unproven != found_.problems.end())
        add_problem(label_of(*container, {}), unproven->second);
      if (!is_asked_for || has_layer(id) || unproven != found_.problems.end()) continue;
      const bool is_stopped = container->state != ContainerState::running;
      add_problem(label_of(*container, {}), is_stopped ? "its runtime does not tell where the layer of a "
                                                         "stopped container is"
                                                       : "its writable layer cannot be seen from here");
    }
    for (const monitor::WritableVolume& volume : volumes_) {
      if (ids.empty() || ids.contains(volume.mount.container.value)) selected_volumes_.push_back(&volume);
    }
  }

  bool is_wanted(const monitor::WritableLayer& layer, const std::set<std::string>& ids) const {
    if (!ids.empty()) return ids.contains(layer.container.value);
    return !layer.container.value.empty() || config_.watch.unidentified_overlays;
  }

  bool has_layer(const std::string& id) const {
    return std::ranges::any_of(found_.layers, [&](const auto& layer) { return layer.container.value == id; });
  }

  void scan(const monitor::WritableLayer& layer) {
    const model::Container container = container_of(layer.container);
    const std::string label = label_of(container, layer);
    ++report_.containers;
    add(label, monitor::scan_layer(privilege_, layer, found_.mounts, container, settings(), handlers(label)));
  }

  void scan(const monitor::WritableVolume& volume) {
    const model::Container container = container_of(volume.mount.container);
    const std::string label = label_of(container, {});
    add(label,
        monitor::scan_volume(privilege_, volume, found_.mounts, container, settings(), handlers(label)));
  }

  model::Container container_of(const model::ContainerId& id) const {
    const model::Container* known = snapshot_->find(id);
    model::Container container = known == nullptr ? model::Container{} : *known;
    container.id = id;
    return container;
  }

  monitor::DriftSettings settings() const {
    return {.watch = config_.watch, .classify = config_.classify, .node = node_name(), .policy = policy_};
  }

  monitor::DriftHandlers handlers(const std::string& label) {
    ScanProgress progress{
        .container = label, .number = ++begun_, .containers = selected_.size() + selected_volumes_.size()};
    return {.on_finding = handlers_.on_finding,
            .on_progress = [this, progress](const layer::ScanResult& result) mutable {
              progress.entries = result.entries;
              handlers_.on_progress(progress);
            }};
  }

  void add(const std::string& label, const monitor::LayerDrift& drift) {
    report_.entries += drift.entries;
    report_.findings += drift.findings;
    report_.excepted += drift.excepted;
    for (const std::string& problem : drift.problems) add_problem(label, problem);
  }

  void add_problem(const std::string& container, const std::string& problem) {
    report_.is_complete = false;
    handlers_.on_problem(container + ": " + problem);
  }

  const config::Config& config_;
  const std::shared_ptr<const policy::Engine> policy_ =
      std::make_shared<const policy::Engine>(config_.policy, 1);
  const ScanHandlers& handlers_;
  privilege::Privilege& privilege_;
  const std::shared_ptr<const container::Snapshot> snapshot_;
  const monitor::WritableLayers found_;
  const std::vector<monitor::WritableVolume> volumes_;
  std::vector<const monitor::WritableLayer*> selected_;
  std::vector<const monitor::WritableVolume*> selected_volumes_;
  std::size_t begun_ = 0;
  ScanReport report_;
};

}  // namespace

ScanReport scan_containers(privilege::Privilege& privilege, const config::Config& config,
                           const std::vector<std::string>& names, const ScanHandlers& handlers) {
  return Scan(privilege, config, handlers).run(names);
}

}  // namespace dropwarden::daemon
