// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "dropwarden/model/finding.hpp"

namespace dropwarden::monitor {

// How the copies of files do.
struct CaptureReport {
  std::string directory;  // empty: nothing is copied
  std::uint64_t used_bytes = 0;
  std::uint64_t max_bytes = 0;
  // How many ended so, by CaptureStatus, since the daemon began.
  std::array<std::uint64_t, model::capture_statuses.size()> ended{};
};

}  // namespace dropwarden::monitor
