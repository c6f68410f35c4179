// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "dropwarden/model/disposition.hpp"
#include "dropwarden/model/ids.hpp"

namespace dropwarden::monitor {

// Something may have been missed.
struct LossRecord {
  model::Loss loss = model::Loss::queue_overflow;
  std::optional<model::ContainerId> container{};  // nothing: anywhere
  model::Pid pid{};                               // 0 when unknown
  int error = 0;                                  // an errno or 0
};

// Says in the log what was lost, at a bounded rate: the first of a kind at once, then at most one line in ten
// seconds a kind, with the number since the last one. The ledger counts each of them. One thread.
class LossLog {
 public:
  using Clock = std::chrono::steady_clock;

  void add(const LossRecord& lost, Clock::time_point now);

 private:
  struct Kind {
    std::uint64_t unsaid = 0;
    Clock::time_point next{};
  };
  std::array<Kind, model::losses.size()> kinds_{};
};

}  // namespace dropwarden::monitor
