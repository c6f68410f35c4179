// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/sync_state.hpp"

#include <algorithm>

namespace dropwarden::monitor {

const char* name_of(DesyncReason reason) {
  switch (reason) {
    case DesyncReason::first_start:
      return "first_start";
    case DesyncReason::was_stopped:
      return "was_stopped";
    case DesyncReason::queue_overflow:
      return "queue_overflow";
    case DesyncReason::descriptor_limit:
      return "descriptor_limit";
    case DesyncReason::lease:
      return "lease";
    case DesyncReason::open_failed:
      return "open_failed";
    case DesyncReason::malformed_event:
      return "malformed_event";
    case DesyncReason::unsettled:
      return "unsettled";
    case DesyncReason::stalled:
      return "stalled";
    case DesyncReason::mark_failed:
      return "mark_failed";
    case DesyncReason::marked_late:
      return "marked_late";
    case DesyncReason::late_mount:
      return "late_mount";
    case DesyncReason::scan_cut:
      return "scan_cut";
    case DesyncReason::clock_step:
      break;
  }
  return "clock_step";
}

std::optional<DesyncReason> parse_desync_reason(std::string_view word) {
  const auto found =
      std::ranges::find_if(desync_reasons, [&](DesyncReason reason) { return word == name_of(reason); });
  if (found == desync_reasons.end()) return std::nullopt;
  return *found;
}

}  // namespace dropwarden::monitor
