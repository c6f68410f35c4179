// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/model/container.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/monitor/drift.hpp"

#include "examine.hpp"

namespace dropwarden::monitor {

// What a scan without a daemon says of a file, of no known process and final: without hash, signature and id
// yet. Takes the facts out of `hit`.
model::Finding drift_finding(Hit& hit, model::Place place, const model::Container& container,
                             const DriftSettings& settings);

// Asks the policy; a scan knows no process. Whether it is to be told, else it counts in `drift`.
bool decide(model::Finding& finding, const DriftSettings& settings, LayerDrift& drift);

}  // namespace dropwarden::monitor
