// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/monitor/vital_signs.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::monitor {

// An overlay of our own in no mount table, marked in the group of sensor A, in which an executable is written
// now and then: what is written has to come back through the whole pipeline, or the sensor is blind without
// saying so. Owns no descriptor: `privilege` has the overlay, which ends with it. Loop's thread only.
class Canary {
 public:
  using Clock = std::chrono::steady_clock;

  Canary(privilege::Privilege& privilege, int group, std::uint64_t mask)
      : privilege_(privilege), group_(group), mask_(mask) {}

  // Whether a file on this file system is ours.
  bool is_on(const model::Device& device) const { return is_marked() && device_ == device; }
  // Not once the marker that had the overlay is gone: its number is then free for a container's.
  bool is_marked() const { return device_ && generation_ == privilege_.generation(); }
  // Writes one, on a new overlay where the last has been given up. What kept it from that.
  sys::Result<void> write(Clock::time_point now);
  // It has come to the end of the pipeline. False when it was not waited for any more.
  bool on_returned(Clock::time_point now);
  // The one that was written last has not come back.
  bool is_out() const { return written_at_.has_value(); }
  // It is not waited for any more.
  void give_up();

  const CanaryTally& tally() const { return tally_; }

 private:
  sys::Result<void> make();

  privilege::Privilege& privilege_;
  const int group_;
  const std::uint64_t mask_;
  std::optional<model::Device> device_;
  std::uint64_t generation_ = 0;  // of `privilege_`, when it made that
  std::optional<Clock::time_point> written_at_;
  CanaryTally tally_;
};

}  // namespace dropwarden::monitor
