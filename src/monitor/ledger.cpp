// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/ledger.hpp"

#include <numeric>

#include <fmt/format.h>

namespace dropwarden::monitor {

std::uint64_t Ledger::losses() const {
  return std::accumulate(lost_.begin(), lost_.end(), std::uint64_t{0});
}

bool Ledger::is_balanced() const {
  return received_ == std::accumulate(ended_.begin(), ended_.end(), std::uint64_t{0});
}

std::string Ledger::text() const {
  std::string out = fmt::format("received={}", received_);
  for (const auto disposition : model::dispositions) {
    if (ended(disposition) != 0) out += fmt::format(" {}={}", name_of(disposition), ended(disposition));
  }
  out += fmt::format(" lost={}", losses());
  for (const auto loss : model::losses) {
    if (lost(loss) != 0) out += fmt::format(" lost_{}={}", name_of(loss), lost(loss));
  }
  return out;
}

}  // namespace dropwarden::monitor
