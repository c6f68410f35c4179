// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/util/time.hpp"

namespace dropwarden::monitor {

// Why something may have been written into a mount that was not looked at.
enum class DesyncReason {
  first_start,       // before a monitor ever ran here
  was_stopped,       // while it did not run
  queue_overflow,    // the kernel's queue was full
  descriptor_limit,  // no descriptor was left for an event's file
  lease,             // a lease kept a written file from being opened
  open_failed,       // the kernel could not open a written file
  malformed_event,   // an event did not decode
  unsettled,         // a file that a mapping may still fill could not be looked at again
  stalled,           // a sensor did not get on, or its mounts waited for long to be read
  mark_failed,       // it could not be marked
  marked_late,       // it was marked after its container had begun
  late_mount,        // it was mounted later, and marked after that
  scan_cut,          // a scan left something out
  clock_step,        // the wall clock was set: a ctime may look older than it is
};
inline constexpr std::array desync_reasons{
    DesyncReason::first_start,      DesyncReason::was_stopped, DesyncReason::queue_overflow,
    DesyncReason::descriptor_limit, DesyncReason::lease,       DesyncReason::open_failed,
    DesyncReason::malformed_event,  DesyncReason::unsettled,   DesyncReason::stalled,
    DesyncReason::mark_failed,      DesyncReason::marked_late, DesyncReason::late_mount,
    DesyncReason::scan_cut,         DesyncReason::clock_step};
const char* name_of(DesyncReason reason);
// Nothing for a word that is none.
std::optional<DesyncReason> parse_desync_reason(std::string_view word);

// Whether all that was written into one mount has been seen: synced, or desynced with the reasons.
struct SyncState {
  std::string container;               // its ID, or empty
  std::string mount;                   // a name of the mount that holds after a restart
  std::vector<DesyncReason> reasons;   // in the order of the enumeration; empty: synced
  util::WallTime since{};              // when the first of the reasons came up; the epoch when synced
  util::WallTime synced_until{};       // what changed before was seen; the epoch: nothing is known
  util::WallTime told_from{};          // what changed before is not told; the epoch: all is
  util::WallTime written_from{};       // what changed before is of before its containers; the epoch: unknown
  std::optional<util::WallTime> scan;  // when the last complete scan began

  bool is_synced() const { return reasons.empty(); }
};

// Scans that have ended, since the start.
struct ScanCounts {
  std::uint64_t complete = 0;
  std::uint64_t cut = 0;  // something was left out
};

}  // namespace dropwarden::monitor
