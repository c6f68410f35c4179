// SPDX-License-Identifier: Apache-2.0
#include "active_sensors.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "dropwarden/util/text.hpp"

#include "support/busy_execution.hpp"
#include "support/container_report.hpp"
#include "support/file.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::test {
namespace {

// A program without the setting has not the sensor.
bool has_setting(const std::string& text) {
  static std::map<std::string, bool> known;
  const auto found = known.find(text);
  if (found != known.end()) return found->second;
  const TemporaryDirectory directory;
  const auto file = (directory.path() / "dropwarden.yaml").string();
  write_file(file, text);
  return known[text] = run_dropwarden({"check-config", file}).status.is_success();
}

const std::map<std::string, std::string> settings{{"exec", "watch:\n  exec: true\n"},
                                                  {"second_look", "watch:\n  second_look: true\n"},
                                                  {"scan", "scan:\n  interval: 30s\n"}};

// What is watched of the host's file system that `path` is on: the mount that is deepest above it.
std::set<std::string> upper_sensors_at(const Record& report, const std::string& path) {
  std::set<std::string> sensors;
  const auto* upper = report.as_object().if_contains("upper_layer");
  if (upper == nullptr || !upper->is_object()) return sensors;
  std::size_t depth = 0;
  for (const auto& file_system : upper->at("file_systems").as_array()) {
    const auto point = text_at(file_system, "/host_path");
    if (!path.starts_with(point) || point.size() < depth) continue;
    depth = point.size();
    sensors.clear();
    for (const auto& what : file_system.at("watched").as_array()) {
      sensors.insert(what.as_string() == "names" ? "upper_layer" : "upper_layer:writes");
    }
  }
  return sensors;
}

std::string host_path_of(const Box& box, std::string_view place) {
  if (place == "rootfs" || place == "named") return box.upper();
  return place == "bind" ? box.elsewhere() : std::string();
}

}  // namespace

std::string make_sensor_configuration(const Switches& switches) {
  std::string watch;
  for (const char* sensor : {"exec", "second_look"}) {
    if (switches.off.contains(sensor) && has_setting(settings.at(sensor)))
      watch += "  " + std::string(sensor) + ": false\n";
  }
  if (switches.off.contains("upper_layer")) watch += "  upper_layer: off\n";
  if (switches.on.contains("upper_layer:writes")) watch += "  upper_layer: writes\n";
  std::string text = watch.empty() ? watch : "watch:\n" + watch;
  if (!has_setting(settings.at("scan"))) return text;
  text += settings.at("scan");
  if (switches.off.contains("scan")) text += "  sweep: false\n  first_start: false\n";
  return text;
}

std::map<std::string, std::set<std::string>> read_active_sensors(const Daemon& daemon, const Box& box,
                                                                 const Switches& switches) {
  std::map<std::string, std::set<std::string>> active;
  const auto report = boost::json::parse(daemon.report());
  for (const auto& mount : mounts_of(report, box.id())) {
    const auto path = text_at(mount, "/path") == "/" ? "/c" : text_at(mount, "/path");
    const auto place = std::ranges::find(places, path, &Place::path);
    if (place == std::end(places) || text_at(mount, "/sensor").empty()) continue;
    auto& sensors = active[place->name];
    sensors = upper_sensors_at(report, host_path_of(box, place->name));
    if (!switches.off.contains("close_write")) sensors.insert("close_write");
    for (const auto& [sensor, setting] : settings) {
      if (!switches.off.contains(sensor) && has_setting(setting)) sensors.insert(sensor);
    }
    if (sensors.contains("exec") && tells_of_busy_execution()) sensors.insert("exec:busy");
  }
  // The container counts once all of it is watched.
  return active.size() == std::size(places) ? active : std::map<std::string, std::set<std::string>>{};
}

bool is_scanned(const Daemon& daemon, const Box& box) {
  const auto mounts = mounts_of(boost::json::parse(daemon.report()), box.id());
  return !mounts.empty() && std::ranges::all_of(mounts, [](const auto& mount) {
    const auto& sync = mount.at("sync");
    return sync.is_null() || sync.at("synced").as_bool();
  });
}

}  // namespace dropwarden::test
