// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "dropwarden/model/disposition.hpp"

namespace dropwarden::monitor {

// Counts how every event ended and what was lost on the way. One thread.
class Ledger {
 public:
  void receive(std::uint64_t count = 1) { received_ += count; }
  void end(model::Disposition disposition, std::uint64_t count = 1) { ended_[index(disposition)] += count; }
  void lose(model::Loss loss) { ++lost_[index(loss)]; }

  std::uint64_t received() const { return received_; }
  std::uint64_t ended(model::Disposition disposition) const { return ended_[index(disposition)]; }
  std::uint64_t lost(model::Loss loss) const { return lost_[index(loss)]; }
  std::uint64_t losses() const;

  // Whether every received event has ended. What the kernel dropped has no number and is not in this sum.
  bool is_balanced() const;

  // `received=3 reported=1 not_executable=2 lost=0`: what is not zero, in the order of the enumerations;
  // `received` and `lost` always, each loss that is not zero as `lost_<name>`.
  std::string text() const;

 private:
  template <class E>
  static constexpr std::size_t index(E value) {
    return static_cast<std::size_t>(value);
  }

  std::uint64_t received_ = 0;
  std::array<std::uint64_t, model::dispositions.size()> ended_{};
  std::array<std::uint64_t, model::losses.size()> lost_{};
};

}  // namespace dropwarden::monitor
