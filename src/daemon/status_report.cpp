// SPDX-License-Identifier: Apache-2.0
#include "status_report.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "dropwarden/util/escape.hpp"

#include "report_json.hpp"

namespace dropwarden::daemon {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_path = 4096;

json::object to_json(const OwnProcess& process) {
  json::object out{{"role", process.role}, {"pid", process.pid}};
  out["uid"] = nullptr;
  out["capabilities"] = nullptr;
  out["no_new_privileges"] = nullptr;
  out["seccomp"] = nullptr;
  if (process.confinement) {
    json::array capabilities;
    for (const auto& name : process.confinement->capabilities) capabilities.emplace_back(name);
    out["uid"] = process.confinement->uid;
    out["capabilities"] = std::move(capabilities);
    out["no_new_privileges"] = process.confinement->has_no_new_privileges;
    out["seccomp"] = process.confinement->seccomp;
  }
  out["problem"] = util::escape(process.problem);
  return out;
}

json::value to_json(const std::optional<ChannelFacts>& channel) {
  if (!channel) return nullptr;
  return json::object{{"monitor_restarts", channel->monitor_restarts},
                      {"marker_restarts", channel->marker_restarts},
                      {"requests_timed_out", channel->timeouts},
                      {"requests_interrupted", channel->interrupted}};
}

json::object to_json(const sandbox::State& state, const std::vector<sandbox::RefusedCall>& calls) {
  json::array refused;
  for (const auto& call : calls) refused.push_back(json::object{{"call", call.name}, {"count", call.count}});
  return {{"enforcement", name_of(state.enforcement)},
          {"landlock_abi", state.landlock_abi},
          {"landlock_problem", util::escape(state.landlock_problem)},
          {"refused", std::move(refused)}};
}

json::array to_json(const std::vector<OutputState>& outputs) {
  json::array all;
  for (const OutputState& output : outputs)
    all.push_back(json::object{{"name", util::escape(output.name)},
                               {"type", output.type},
                               {"format", output.format},
                               {"delivered", output.delivered},
                               {"refused", output.refused},
                               {"lost", output.lost},
                               {"failures", output.failures},
                               {"pending", output.pending},
                               {"lag_seconds", std::chrono::floor<std::chrono::seconds>(output.lag).count()},
                               {"problem", output.problem}});
  return all;
}

// Null where nothing is copied.
json::value to_json(const monitor::CaptureReport& captures) {
  if (captures.directory.empty()) return nullptr;
  json::object ended;
  for (const auto status : model::capture_statuses) {
    const auto count = captures.ended.at(static_cast<std::size_t>(status));
    if (count != 0) ended[name_of(status)] = count;
  }
  return json::object{{"directory", util::escape(captures.directory, longest_path)},
                      {"used_bytes", captures.used_bytes},
                      {"max_bytes", captures.max_bytes},
                      {"ended", std::move(ended)}};
}

json::array desynced_of(const container::Snapshot& snapshot,
                        const std::vector<monitor::WatchedMount>& mounts) {
  json::array desynced;
  for (const auto& mount : mounts) {
    if (!mount.sync || mount.sync->is_synced()) continue;
    const model::Container* const container = snapshot.find(mount.container);
    desynced.push_back(json::object{{"container", util::escape(mount.container.value)},
                                    {"name", container == nullptr ? "" : util::escape(container->name)},
                                    {"mount", name_of(mount.place)},
                                    {"path", util::escape(mount.path, longest_path)},
                                    {"reasons", reasons_of(*mount.sync)},
                                    {"since", util::format_rfc3339(mount.sync->since)},
                                    {"scan", time_or_null(mount.sync->scan)}});
  }
  return desynced;
}

json::object count(const std::vector<monitor::WatchedMount>& mounts) {
  std::uint64_t watched = 0;
  std::uint64_t synced = 0;
  std::uint64_t scanned = 0;
  std::optional<util::WallTime> oldest;
  for (const auto& mount : mounts) {
    if (mount.is_marked()) ++watched;
    if (!mount.sync) continue;
    ++scanned;
    if (mount.sync->is_synced()) ++synced;
    if (mount.sync->scan) oldest = std::min(oldest.value_or(*mount.sync->scan), *mount.sync->scan);
  }
  return {{"watched", watched},
          {"unwatched", mounts.size() - watched},
          {"scanned", scanned},
          {"synced", synced},
          {"oldest_scan", time_or_null(oldest)}};
}

}  // namespace

std::string format_status(const StatusFacts& facts, const container::Snapshot& snapshot,
                          const std::vector<monitor::WatchedMount>& mounts, const monitor::Ledger& ledger) {
  json::array processes;
  for (const auto& process : facts.processes) processes.push_back(to_json(process));
  json::array sensors;
  for (const auto sensor : facts.sensors) sensors.emplace_back(name_of(sensor));
  const json::object out{{"version", DROPWARDEN_VERSION},
                         {"started", util::format_rfc3339(facts.started)},
                         {"uptime_seconds", facts.uptime.count()},
                         {"processes", std::move(processes)},
                         {"channel", to_json(facts.channel)},
                         {"sandbox", to_json(facts.sandbox, facts.refused)},
                         {"sensors", std::move(sensors)},
                         {"outputs", to_json(facts.outputs)},
                         {"policy_generation", facts.policy_generation},
                         {"captures", to_json(facts.captures)},
                         {"containers", snapshot.count_running()},
                         {"mounts", count(mounts)},
                         {"desynced", desynced_of(snapshot, mounts)},
                         {"ledger", to_json(ledger)}};
  return json::serialize(out);
}

}  // namespace dropwarden::daemon
