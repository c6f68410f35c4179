// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "dropwarden/model/disposition.hpp"
#include "dropwarden/model/ids.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/sys/file.hpp"

#include "file_opener.hpp"
#include "recent_files.hpp"
#include "step_back.hpp"

namespace dropwarden::monitor {

// Decides which executions are looked at. Nearly all are of the image's programs, so it costs one statx(2): a
// file that has not changed since its mount was marked was there before, and is the image's business, or that
// of a scan. What has changed since may have got its content in a way that no close told: through a mapping,
// by a writer that still has it open, from elsewhere by rename or link. What was looked at not long ago is
// left alone, save where somebody may have stored something else into it since. Loop's thread only.
class ExecSensor {
 public:
  // Who executed something on an overlay that no container is known to own.
  using OnUnowned = std::function<void(const WatchedMount& overlay, model::Pid pid)>;
  // All outlive it.
  ExecSensor(WatchedMounts& mounts, RecentFiles& recent, const FileOpener& opener, OnUnowned on_unowned)
      : mounts_(mounts), recent_(recent), opener_(opener), on_unowned_(std::move(on_unowned)) {}

  // Of both, `status` is what the kernel has cached of the file (sys::read_cached_status).
  //
  // Whether the file was found through the root that the first process of a container has: then so was what
  // executes it, which is in that one's mount namespace, since each has mounts of its own.
  bool is_through_root(const sys::FileStatus& status) const;
  // How the execution of the file that `fd` has open ends; nothing when it is to be looked at.
  std::optional<model::Disposition> judge(int fd, const sys::FileStatus& status, model::Pid pid);

 private:
  const WatchedMount* find_mount(int fd, const sys::FileStatus& status);
  util::WallTime marked_since(const WatchedMount* mount) const;
  bool may_have_changed(int fd, const sys::FileStatus& status, const FileNumbers& numbers,
                        const WatchedMount* mount);
  bool is_held(int fd, const sys::FileStatus& status, const WatchedMount* mount) const;

  WatchedMounts& mounts_;
  RecentFiles& recent_;
  const FileOpener& opener_;
  const OnUnowned on_unowned_;
  StepBack step_back_;
};

}  // namespace dropwarden::monitor
