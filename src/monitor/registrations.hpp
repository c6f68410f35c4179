// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dropwarden/classify/registration.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::monitor {

// What binfmt_misc runs on this node. The kernel tells of no change there, so it is read again when it is
// asked for and the last time is `max_age` ago: a registration counts from then on. One thread.
class Registrations {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds max_age{10};

  explicit Registrations(privilege::Privilege& privilege) : privilege_(privilege) {}

  // Those that are switched on, in the order in which they were listed: the kernel tries the newest first.
  // When they cannot be read, those of before. Valid until the next call.
  std::span<const classify::RegistrationRule> current(Clock::time_point now);

 private:
  void read();

  privilege::Privilege& privilege_;
  std::vector<classify::RegistrationRule> rules_;
  std::optional<Clock::time_point> read_at_;
  std::string last_error_;
};

}  // namespace dropwarden::monitor
