// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

namespace dropwarden::model {

// How an event ended. Every event record that the kernel hands over ends in exactly one of these.
enum class Disposition {
  reported,
  excepted,   // an exception of the policy covers its finding
  held_back,  // its finding was beyond its container's rate
  duplicate,
  not_executable,
  unchanged,  // the image's own content
  executed,   // an execution of what has not changed since its mount is watched
  outside_containers,
  own_activity,
  vanished,
  unreadable,
  queue_full,
  failed,
};
inline constexpr std::array dispositions{
    Disposition::reported,  Disposition::excepted,           Disposition::held_back,
    Disposition::duplicate, Disposition::not_executable,     Disposition::unchanged,
    Disposition::executed,  Disposition::outside_containers, Disposition::own_activity,
    Disposition::vanished,  Disposition::unreadable,         Disposition::queue_full,
    Disposition::failed};
const char* name_of(Disposition disposition);

// Why something may have been missed. A loss has no number of events: it is a record that desyncs a
// container, or all.
enum class Loss {
  queue_overflow,    // FAN_Q_OVERFLOW
  descriptor_limit,  // EMFILE or ENFILE while the kernel opened the event's file
  lease,             // a lease on the written file, fcntl(2) F_SETLEASE
  open_failed,       // any other error in place of the event's descriptor
  mark_failed,       // a container's overlay could not be marked
  marked_late,       // a container was found after its first instruction may have run
  output_full,       // a finding or event did not fit into an output's queue
  unsettled,         // a file that may change unseen could not be looked at again
  stalled,           // a sensor did not get on, or did not see what the canary wrote
  malformed_event,   // bytes from the kernel that do not decode
};
inline constexpr std::array losses{
    Loss::queue_overflow, Loss::descriptor_limit, Loss::lease,     Loss::open_failed, Loss::mark_failed,
    Loss::marked_late,    Loss::output_full,      Loss::unsettled, Loss::stalled,     Loss::malformed_event};
const char* name_of(Loss loss);

}  // namespace dropwarden::model
