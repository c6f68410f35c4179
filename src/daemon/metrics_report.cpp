// SPDX-License-Identifier: Apache-2.0
#include "metrics_report.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>

#include "dropwarden/metrics/exposition.hpp"

namespace dropwarden::daemon {
namespace {

using metrics::Exposition;
using enum Exposition::Type;

constexpr std::array all_sensors{model::Sensor::close_write, model::Sensor::scan, model::Sensor::exec,
                                 model::Sensor::upper_layer, model::Sensor::second_look};

constexpr std::array all_severities{model::Severity::info, model::Severity::low, model::Severity::medium,
                                    model::Severity::high, model::Severity::critical};
// Names that reloads have brought: a page stays short.
constexpr std::size_t max_rules_counted = 1000;

double seconds_of(util::WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

std::uint64_t flag(bool is_true) {
  return is_true ? 1 : 0;
}

void add_daemon(Exposition& page, const MetricsFacts& facts) {
  page.family(gauge, "dropwarden_build_info", "The version that runs; always 1");
  page.sample(std::uint64_t{1}, {{"version", DROPWARDEN_VERSION}});
  page.family(gauge, "dropwarden_start_time_seconds", "When the monitor was started, since 1970");
  page.sample(seconds_of(facts.started));
  page.family(gauge, "dropwarden_ready", "Whether all runtimes were asked and what runs is marked");
  page.sample(flag(facts.is_ready));
  page.family(gauge, "dropwarden_marks", "Marks of fanotify in place");
  page.sample(std::uint64_t{facts.marks});
  page.family(gauge, "dropwarden_sensor_active", "Whether the sensor is at work");
  for (const auto sensor : all_sensors) {
    const bool is_active = std::ranges::find(facts.sensors, sensor) != facts.sensors.end();
    page.sample(flag(is_active), {{"sensor", name_of(sensor)}});
  }
  page.family(gauge, "dropwarden_policy_generation",
              "How often the configuration was read, and its policy with it");
  page.sample(facts.policy_generation);
  page.family(counter, "dropwarden_refused_calls_total", "System calls that the daemon's own filter refused");
  page.sample(facts.refused_calls);
}

void add_events(Exposition& page, const monitor::Ledger& ledger) {
  page.family(counter, "dropwarden_events_received_total", "Events that the kernel handed over");
  page.sample(ledger.received());
  page.family(counter, "dropwarden_events_total", "How events ended; the sum is those received");
  for (const auto disposition : model::dispositions)
    page.sample(ledger.ended(disposition), {{"disposition", name_of(disposition)}});
  page.family(counter, "dropwarden_losses_total",
              "Times that something may have been missed, after which it is looked for by a scan");
  for (const auto loss : model::losses) page.sample(ledger.lost(loss), {{"loss", name_of(loss)}});
}

void add_scans(Exposition& page, const monitor::ScanCounts& scans) {
  page.family(counter, "dropwarden_scans_total",
              "Scans of mounts that have ended, and whether anything was left out");
  page.sample(scans.complete, {{"outcome", "complete"}});
  page.sample(scans.cut, {{"outcome", "cut"}});
}

void add_open_findings(Exposition& page, const MetricsFacts& facts) {
  page.family(gauge, "dropwarden_open_findings", "Findings in memory that wait for what is not known yet");
  page.sample(std::uint64_t{facts.open_findings});
  page.family(gauge, "dropwarden_open_findings_highest", "How many that were at once, since the start");
  page.sample(std::uint64_t{facts.most_open_findings});
}

void add_findings(Exposition& page, const FindingTally& findings) {
  page.family(counter, "dropwarden_findings_total",
              "Findings that were handed to the outputs, by what saw them");
  for (const auto sensor : all_sensors) page.sample(findings.findings(sensor), {{"sensor", name_of(sensor)}});
  page.family(counter, "dropwarden_findings_by_rule_total",
              "The same by severity and the rule of the policy that decided; without a name: none did");
  FindingTally::ByRule by_rule = findings.by_rule();
  for (const auto severity : all_severities) by_rule.try_emplace({"", severity}, 0);
  for (const auto& [key, count] : by_rule)
    page.sample(count, {{"rule", key.first}, {"severity", name_of(key.second)}});
  page.family(counter, "dropwarden_finding_records_total", "Records of findings, each revision counted");
  page.sample(findings.records());
  page.histogram("dropwarden_finding_delay_seconds",
                 "From reading the event to handing the first record to the outputs; scans left out",
                 findings.delay());
}

void add_outputs(Exposition& page, const std::vector<OutputState>& outputs) {
  const auto add = [&](Exposition::Type type, const char* name, const char* help, auto value_of) {
    page.family(type, name, help);
    for (const OutputState& output : outputs)
      page.sample(value_of(output), {{"output", output.name}, {"type", output.type}});
  };
  add(gauge, "dropwarden_output_pending", "Records that an output has not taken yet",
      [](const OutputState& output) { return output.pending; });
  add(gauge, "dropwarden_output_lag_seconds",
      "How long the oldest record that waits for an output has waited",
      [](const OutputState& output) { return std::chrono::duration<double>(output.lag).count(); });
  add(gauge, "dropwarden_output_failing", "Whether the last attempt to deliver to an output failed",
      [](const OutputState& output) { return flag(!output.problem.empty()); });
  add(counter, "dropwarden_output_delivered_total", "Records that an output has taken",
      [](const OutputState& output) { return output.delivered; });
  add(counter, "dropwarden_output_failures_total", "Attempts to deliver to an output that failed",
      [](const OutputState& output) { return output.failures; });
  add(counter, "dropwarden_output_refused_total", "Records that a receiver refused for ever",
      [](const OutputState& output) { return output.refused; });
  add(counter, "dropwarden_output_lost_total", "Records for which neither memory nor store had room",
      [](const OutputState& output) { return output.lost; });
}

void add_captures(Exposition& page, const monitor::CaptureReport& captures) {
  page.family(counter, "dropwarden_captures_total", "Copies of files that were begun, by how they ended");
  for (const auto status :
       {model::CaptureStatus::done, model::CaptureStatus::changed, model::CaptureStatus::quota,
        model::CaptureStatus::gone, model::CaptureStatus::failed})
    page.sample(captures.ended.at(static_cast<std::size_t>(status)), {{"result", name_of(status)}});
  page.family(gauge, "dropwarden_capture_used_bytes",
              "How large the copies of files are, as the quota counts");
  page.sample(captures.used_bytes);
  page.family(gauge, "dropwarden_capture_max_bytes", "How large they may be; 0 where nothing is copied");
  page.sample(captures.directory.empty() ? 0 : captures.max_bytes);
}

void add_containers(Exposition& page, const container::Snapshot& snapshot,
                    const std::vector<monitor::WatchedMount>& mounts) {
  std::uint64_t watched = 0;
  std::uint64_t desynced = 0;
  std::set<std::string> desynced_containers;
  std::optional<util::WallTime> oldest;
  for (const auto& mount : mounts) {
    if (mount.is_marked()) ++watched;
    if (!mount.sync) continue;
    if (!mount.sync->is_synced()) {
      ++desynced;
      desynced_containers.insert(mount.container.value);
    }
    if (mount.sync->scan) oldest = std::min(oldest.value_or(*mount.sync->scan), *mount.sync->scan);
  }
  page.family(gauge, "dropwarden_containers", "Containers that run, sandboxes of pods left out");
  page.sample(std::uint64_t{snapshot.count_running()});
  page.family(gauge, "dropwarden_containers_desynced", "Containers in which something may have been missed");
  page.sample(std::uint64_t{desynced_containers.size()});
  page.family(gauge, "dropwarden_mounts", "Mounts of containers, by whether they are watched");
  page.sample(watched, {{"state", "watched"}});
  page.sample(mounts.size() - watched, {{"state", "unwatched"}});
  page.family(gauge, "dropwarden_mounts_desynced", "Mounts in which something may have been missed");
  page.sample(desynced);
  page.family(gauge, "dropwarden_oldest_scan_timestamp_seconds",
              "When the last complete scan began of the mount that has waited longest for one, since 1970; 0 "
              "for none");
  page.sample(oldest ? seconds_of(*oldest) : 0.0);
  page.family(gauge, "dropwarden_source_connected",
              "Whether a runtime answers, or /proc can be read; absent sockets are left out");
  for (const auto& source : snapshot.sources)
    if (!source.is_absent) page.sample(flag(source.is_connected), {{"source", source.name}});
}

void add_upper_layers(Exposition& page, const monitor::UpperLayers& upper_layers) {
  page.family(counter, "dropwarden_upper_layer_records_total",
              "Records of the file systems under the layers, by where their files were");
  page.sample(upper_layers.elsewhere, {{"place", "elsewhere"}});
  page.sample(upper_layers.gone, {{"place", "gone"}});
  const auto other = std::min(upper_layers.elsewhere + upper_layers.gone, upper_layers.records);
  page.sample(upper_layers.records - other, {{"place", "container"}});
}

void add_health(Exposition& page, const monitor::VitalSigns& vital_signs) {
  page.family(gauge, "dropwarden_health", "Whether the monitor sees: 1 for the state that it is in");
  for (const auto condition : monitor::conditions)
    page.sample(flag(condition == vital_signs.condition), {{"state", name_of(condition)}});
  page.family(counter, "dropwarden_canary_total", "The monitor's tests of itself, by what became of them");
  page.sample(vital_signs.canary.returned, {{"result", "returned"}});
  page.sample(vital_signs.canary.missed, {{"result", "missed"}});
  page.family(gauge, "dropwarden_canary_delay_seconds",
              "How long the last test took, from the write to its end");
  page.sample(std::chrono::duration<double>(vital_signs.canary.last_delay).count());
  page.family(gauge, "dropwarden_stuck_threads", "Threads that are in a call which does not return");
  for (const auto& part : vital_signs.parts) page.sample(std::uint64_t{part.stuck}, {{"part", part.name}});
  page.family(counter, "dropwarden_replaced_threads_total", "Threads that others took the place of");
  for (const auto& part : vital_signs.parts) page.sample(part.replaced, {{"part", part.name}});
}

}  // namespace

void FindingTally::count(const model::Finding& finding, util::WallTime now) {
  ++records_;
  // What the policy did not show at first comes with a later revision.
  if (!finding.is_first()) return;
  const model::Sensor sensor = finding.event.detected_by;
  ++findings_.at(static_cast<std::size_t>(sensor));
  std::pair rule{finding.decision.rule, finding.decision.severity};
  if (by_rule_.size() >= max_rules_counted && !by_rule_.contains(rule)) rule.first = "other";
  ++by_rule_[rule];
  if (sensor != model::Sensor::scan && finding.revision == 1)
    delay_.observe(std::chrono::duration_cast<std::chrono::microseconds>(now - finding.event.time));
}

std::string format_metrics(const MetricsFacts& facts, const container::Snapshot& snapshot,
                           const std::vector<monitor::WatchedMount>& mounts,
                           const monitor::UpperLayers& upper_layers, const monitor::Ledger& ledger,
                           const monitor::VitalSigns& vital_signs, const FindingTally& findings) {
  Exposition page;
  add_daemon(page, facts);
  add_health(page, vital_signs);
  add_events(page, ledger);
  add_open_findings(page, facts);
  add_scans(page, facts.scans);
  add_findings(page, findings);
  add_outputs(page, facts.outputs);
  add_captures(page, facts.captures);
  add_containers(page, snapshot, mounts);
  add_upper_layers(page, upper_layers);
  return page.text();
}

bool may_be_blind(const monitor::VitalSigns& vital_signs) {
  return vital_signs.condition == monitor::Condition::unhealthy;
}

metrics::Page make_health_page(const monitor::VitalSigns& vital_signs, bool is_ready) {
  if (!is_ready) return {.status = 503, .body = "starting\n"};
  std::string text = fmt::format("{}\n", name_of(vital_signs.condition));
  for (const auto& reason : vital_signs.reasons)
    text += fmt::format("{}: {}: {}\n", name_of(reason.condition), reason.part, reason.text);
  return {.status = may_be_blind(vital_signs) ? 503U : 200U, .body = std::move(text)};
}

}  // namespace dropwarden::daemon
