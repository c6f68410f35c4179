// SPDX-License-Identifier: Apache-2.0
#include "drift_finding.hpp"

#include <chrono>
#include <utility>

#include "dropwarden/util/time.hpp"

namespace dropwarden::monitor {

model::Finding drift_finding(Hit& hit, model::Place place, const model::Container& container,
                             const DriftSettings& settings) {
  model::Finding finding;
  finding.is_final = true;
  finding.event.time = util::WallTime{std::chrono::system_clock::now()};
  finding.event.detected_by = model::Sensor::scan;
  finding.event.header = std::move(hit.header);
  finding.event.node = settings.node;
  finding.event.container = container;
  finding.event.file = std::move(hit.file);
  finding.event.file.place = place;
  return finding;
}

bool decide(model::Finding& finding, const DriftSettings& settings, LayerDrift& drift) {
  finding.decision =
      settings.policy->decide(finding.event, {.now = finding.event.time, .is_writer_of_image = {}});
  const bool is_shown = finding.decision.verdict == model::Verdict::shown;
  ++(is_shown ? drift.findings : drift.excepted);
  return is_shown;
}

}  // namespace dropwarden::monitor
