// SPDX-License-Identifier: Apache-2.0
#include "registrations.hpp"

#include <utility>

#include <spdlog/spdlog.h>

namespace dropwarden::monitor {

std::span<const classify::RegistrationRule> Registrations::current(Clock::time_point now) {
  if (!read_at_ || now - *read_at_ >= max_age) {
    read_at_ = now;
    read();
  }
  return rules_;
}

void Registrations::read() {
  const auto files = privilege_.read_registrations();
  std::string error = files ? std::string{} : files.error().text();
  if (error != last_error_ && !error.empty()) {
    spdlog::warn("cannot read the registrations of binfmt_misc: {}; files that they run may go unseen",
                 error);
  }
  last_error_ = std::move(error);
  if (!files) return;
  std::vector<classify::RegistrationRule> rules;
  for (const auto& file : *files) {
    if (auto rule = classify::parse_registration(file.name, file.text)) rules.push_back(std::move(*rule));
  }
  if (rules != rules_) spdlog::debug("{} registrations of binfmt_misc count", rules.size());
  rules_ = std::move(rules);
}

}  // namespace dropwarden::monitor
