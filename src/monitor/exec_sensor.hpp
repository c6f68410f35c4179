// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "dropwarden/model/disposition.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/sys/file.hpp"

#include "recent_files.hpp"
#include "step_back.hpp"

namespace dropwarden::monitor {

// Decides which executions are looked at. Nearly all are of the image's programs, so it costs one statx(2): a
// file that has not changed since its mount was marked was there before, and is the image's business, or that
// of a scan. What has changed since may have got its content in a way that no close told: through a mapping,
// by a writer that still has it open, from elsewhere by rename or link. Loop's thread only.
class ExecSensor {
 public:
  // Both outlive it.
  ExecSensor(WatchedMounts& mounts, const RecentFiles& recent) : mounts_(mounts), recent_(recent) {}

  // How the execution of the file that `fd` has open ends; nothing when it is to be looked at.
  std::optional<model::Disposition> judge(int fd);

 private:
  util::WallTime marked_since(int fd, const sys::FileStatus& status);

  WatchedMounts& mounts_;
  const RecentFiles& recent_;
  StepBack step_back_;
};

}  // namespace dropwarden::monitor
