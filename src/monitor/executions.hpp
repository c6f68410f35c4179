// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dropwarden/model/ids.hpp"

namespace dropwarden::monitor {

// Which processes have executed something lately, by the events of their group, which come in order: a close
// is read before what its process executed after it. For who writes a file and at once becomes a program that
// is trusted. Each execution costs a store. Processes share slots, so that nobody can push another out: a
// wrong answer is always yes. One thread.
class Executions {
 public:
  // `serial` of the newest finding so far; findings are numbered from 1.
  void note(model::Pid pid, std::uint64_t serial) { newest_[slot(pid)] = serial; }
  // Whether it may have executed something since the event of that finding was read.
  bool has_executed_since(model::Pid pid, std::uint64_t serial) const { return newest_[slot(pid)] >= serial; }

 private:
  static constexpr std::size_t slots = 4096;
  static std::size_t slot(model::Pid pid) { return static_cast<std::uint32_t>(pid.value) % slots; }

  std::array<std::uint64_t, slots> newest_{};
};

}  // namespace dropwarden::monitor
