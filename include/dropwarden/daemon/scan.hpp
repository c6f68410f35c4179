// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "dropwarden/config/config.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::daemon {

// A container was asked for that there is not, or a beginning that several have. The text is escaped.
class UnknownContainer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ScanProgress {
  std::string container;       // its name, else the beginning of its ID; escaped
  std::size_t number = 0;      // of its layer or volume, counted from 1
  std::size_t containers = 0;  // layers and volumes in all
  std::uint64_t entries = 0;   // looked at in this one, so far
};

struct ScanHandlers {
  std::function<void(const model::Finding&)> on_finding;
  std::function<void(const ScanProgress&)> on_progress;
  std::function<void(const std::string&)> on_problem;  // what was not read, and why: escaped
};

struct ScanReport {
  std::size_t containers = 0;  // of which the writable layer was looked through
  std::uint64_t entries = 0;
  std::uint64_t findings = 0;
  std::uint64_t excepted = 0;  // besides: an exception covers them
  bool is_complete = true;     // else `on_problem` was called
};

// Looks through the writable layers, volumes and tmpfs of containers, without a daemon: of those named (by
// ID, the beginning of an ID, or name), or of all; of one that is stopped through its layer, where its
// runtime tells where that is. Throws UnknownContainer before the first one is scanned.
ScanReport scan_containers(privilege::Privilege& privilege, const config::Config& config,
                           const std::vector<std::string>& names, const ScanHandlers& handlers);

}  // namespace dropwarden::daemon
