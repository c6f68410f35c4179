// SPDX-License-Identifier: Apache-2.0
#include "canary.hpp"

namespace dropwarden::monitor {

sys::Result<void> Canary::make() {
  generation_ = privilege_.generation();
  const auto identity = privilege_.open_canary(group_, mask_);
  if (!identity) return std::unexpected(identity.error());
  device_ = model::Device{identity->device_major, identity->device_minor};
  return {};
}

sys::Result<void> Canary::write(Clock::time_point now) {
  auto written = is_marked() ? sys::Result<void>{} : make();
  if (written) written = privilege_.write_canary(tally_.written + 1);
  if (!written) {
    device_.reset();
    return written;
  }
  written_at_ = now;
  ++tally_.written;
  return {};
}

bool Canary::on_returned(Clock::time_point now) {
  if (!written_at_) return false;
  tally_.last_delay = std::chrono::duration_cast<std::chrono::microseconds>(now - *written_at_);
  written_at_.reset();
  ++tally_.returned;
  return true;
}

void Canary::give_up() {
  written_at_.reset();
  device_.reset();
  ++tally_.missed;
}

}  // namespace dropwarden::monitor
