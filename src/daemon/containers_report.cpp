// SPDX-License-Identifier: Apache-2.0
#include "containers_report.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "dropwarden/util/escape.hpp"
#include "dropwarden/util/time.hpp"

#include "report_json.hpp"

namespace dropwarden::daemon {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_path = 4096;

json::object to_json(const container::SourceState& source) {
  return {{"name", source.name},
          {"connected", source.is_connected},
          {"version", util::escape(source.version)},
          {"problem", source.problem}};
}

json::value mark_of(const monitor::WatchedMount& mount) {
  switch (mount.coverage) {
    case mount::Coverage::mount:
      return "mount";
    case mount::Coverage::file_system:
      return "file_system";
    case mount::Coverage::none:
      break;
  }
  return nullptr;
}

json::value to_json(const std::optional<monitor::SyncState>& sync) {
  if (!sync) return nullptr;
  json::object out{{"synced", sync->is_synced()}, {"reasons", reasons_of(*sync)}};
  out["since"] = sync->is_synced() ? json::value(nullptr) : json::value(util::format_rfc3339(sync->since));
  out["scan"] = time_or_null(sync->scan);
  return out;
}

json::object to_json(const monitor::WatchedMount& mount) {
  json::object out{{"mount", name_of(mount.place)},
                   {"path", util::escape(mount.path, longest_path)},
                   {"host_path", nullptr},
                   {"type", util::escape(mount.type)},
                   {"device", std::to_string(mount.device.major) + ":" + std::to_string(mount.device.minor)}};
  if (!mount.mount_point.empty()) out["host_path"] = util::escape(mount.mount_point, longest_path);
  out["pid"] = mount.init.value;
  out["nested"] = mount.is_nested;
  out["sensor"] = mount.is_marked() ? json::value("close_write") : json::value(nullptr);
  out["mark"] = mark_of(mount);
  out["late"] = mount.is_late;
  out["sync"] = to_json(mount.sync);
  out["problem"] = mount.problem;
  return out;
}

json::object to_json(const model::Container& container) {
  json::object out{{"id", util::escape(container.id.value)}, {"name", util::escape(container.name)},
                   {"runtime", name_of(container.runtime)},  {"image", util::escape(container.image.name)},
                   {"state", name_of(container.state)},      {"pid", container.init.value},
                   {"sandbox", container.is_sandbox}};
  out["pod"] = nullptr;
  if (container.pod) {
    out["pod"] = json::object{{"name", util::escape(container.pod->name)},
                              {"namespace", util::escape(container.pod->name_space)},
                              {"uid", util::escape(container.pod->uid)}};
  }
  return out;
}

const char* name_of(config::UpperLayer what) {
  switch (what) {
    case config::UpperLayer::names:
      return "names";
    case config::UpperLayer::writes:
      return "writes";
    case config::UpperLayer::off:
      break;
  }
  return "off";
}

json::array names_and_writes(bool has_names, bool has_writes) {
  json::array what;
  if (has_names) what.emplace_back("names");
  if (has_writes) what.emplace_back("writes");
  return what;
}

json::object to_json(const monitor::UpperLayers& upper) {
  json::array file_systems;
  for (const auto& file_system : upper.file_systems) {
    file_systems.push_back(json::object{
        {"host_path", file_system.mount_point},
        {"type", util::escape(file_system.type)},
        {"device", std::to_string(file_system.device.major) + ":" + std::to_string(file_system.device.minor)},
        {"watched", names_and_writes(file_system.has_names, file_system.has_writes)},
        {"problem", file_system.problem}});
  }
  return {{"wanted", name_of(upper.wanted)},
          {"kernel", names_and_writes(upper.can_names, upper.can_writes)},
          {"problem", upper.problem},
          {"file_systems", std::move(file_systems)},
          {"records", upper.records},
          {"elsewhere", upper.elsewhere},
          {"gone", upper.gone}};
}

json::object to_json(const monitor::VitalSigns& signs) {
  json::array reasons;
  for (const auto& reason : signs.reasons) {
    reasons.push_back(json::object{{"part", reason.part},
                                   {"state", name_of(reason.condition)},
                                   {"since", util::format_rfc3339(reason.since)},
                                   {"text", reason.text}});
  }
  json::array parts;
  for (const auto& part : signs.parts) {
    parts.push_back(json::object{{"name", part.name},
                                 {"stuck", part.stuck},
                                 {"replaced", part.replaced},
                                 {"last_stall", part.last_stall}});
  }
  return {{"state", name_of(signs.condition)},
          {"reasons", std::move(reasons)},
          {"canary", json::object{{"written", signs.canary.written},
                                  {"returned", signs.canary.returned},
                                  {"missed", signs.canary.missed},
                                  {"last_delay_us", signs.canary.last_delay.count()}}},
          {"threads", std::move(parts)}};
}

}  // namespace

std::string format_containers(const container::Snapshot& snapshot,
                              const std::vector<monitor::WatchedMount>& overlays,
                              const monitor::UpperLayers* upper_layers, const monitor::Ledger* ledger,
                              const std::vector<model::Sensor>& at_work,
                              const monitor::VitalSigns* vital_signs) {
  std::vector<const model::Container*> containers;
  for (const auto& [id, container] : snapshot.containers) {
    if (container->state != model::ContainerState::exited) containers.push_back(container.get());
  }
  std::ranges::sort(containers, {}, [](const model::Container* c) { return std::tie(c->name, c->id.value); });

  json::array listed;
  for (const model::Container* container : containers) {
    json::object entry = to_json(*container);
    json::array mounts;
    for (const auto& overlay : overlays) {
      if (overlay.container == container->id) mounts.push_back(to_json(overlay));
    }
    entry["mounts"] = std::move(mounts);
    listed.push_back(std::move(entry));
  }
  json::array unidentified;
  for (const auto& overlay : overlays) {
    if (snapshot.find(overlay.container) != nullptr) continue;
    json::object entry = to_json(overlay);
    entry["container"] = util::escape(overlay.container.value);
    unidentified.push_back(std::move(entry));
  }
  json::array sources;
  for (const auto& source : snapshot.sources) sources.push_back(to_json(source));
  json::array sensors;
  for (const auto sensor : at_work) sensors.emplace_back(name_of(sensor));
  const json::object out{
      {"daemon", ledger != nullptr},
      {"sources", std::move(sources)},
      {"sensors", std::move(sensors)},
      {"containers", std::move(listed)},
      {"unidentified", std::move(unidentified)},
      {"upper_layer", upper_layers == nullptr ? json::value(nullptr) : json::value(to_json(*upper_layers))},
      {"ledger", ledger == nullptr ? json::value(nullptr) : json::value(to_json(*ledger))},
      {"health", vital_signs == nullptr ? json::value(nullptr) : json::value(to_json(*vital_signs))}};
  return json::serialize(out);
}

}  // namespace dropwarden::daemon
