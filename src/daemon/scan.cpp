// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/daemon/scan.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include "dropwarden/monitor/drift.hpp"
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
  Scan(const config::Config& config, const ScanHandlers& handlers)
      : config_(config),
        handlers_(handlers),
        privilege_(privilege::make_direct()),
        snapshot_(run_discovery(*privilege_, config.runtimes, Ended::told)),
        found_(monitor::find_writable_layers(*privilege_, snapshot_)) {}

  ScanReport run(const std::vector<std::string>& names) {
    select(names);
    for (const monitor::WritableLayer* layer : selected_) scan(*layer);
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
      const bool is_asked_for = ids.empty()
                                    ? container->state == ContainerState::running && !container->is_sandbox
                                    : ids.contains(id);
      if (is_asked_for && !has_layer(id))
        add_problem(label_of(*container, {}), "its writable layer cannot be seen from here");
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
    const model::Container* known = snapshot_->find(layer.container);
    model::Container container = known == nullptr ? model::Container{} : *known;
    container.id = layer.container;
    const std::string label = label_of(container, layer);
    ScanProgress progress{.container = label, .number = ++report_.containers, .containers = selected_.size()};
    const auto drift = monitor::scan_layer(
        *privilege_, layer, found_.mounts, container,
        {.watch = config_.watch, .classify = config_.classify, .node = node_name()},
        {.on_finding = handlers_.on_finding, .on_progress = [&](const layer::ScanResult& result) {
           progress.entries = result.entries;
           handlers_.on_progress(progress);
         }});
    report_.entries += drift.entries;
    report_.findings += drift.findings;
    for (const std::string& problem : drift.problems) add_problem(label, problem);
  }

  void add_problem(const std::string& container, const std::string& problem) {
    report_.is_complete = false;
    handlers_.on_problem(container + ": " + problem);
  }

  const config::Config& config_;
  const ScanHandlers& handlers_;
  const std::unique_ptr<privilege::Privilege> privilege_;
  const std::shared_ptr<const container::Snapshot> snapshot_;
  const monitor::WritableLayers found_;
  std::vector<const monitor::WritableLayer*> selected_;
  ScanReport report_;
};

}  // namespace

ScanReport scan_containers(const config::Config& config, const std::vector<std::string>& names,
                           const ScanHandlers& handlers) {
  return Scan(config, handlers).run(names);
}

}  // namespace dropwarden::daemon
