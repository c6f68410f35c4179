// SPDX-License-Identifier: Apache-2.0
#include "exec_sensor.hpp"

#include <chrono>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// Two clocks that are read one after the other are not read at one moment, and the times of files are behind
// by a tick at most (`sys::read_file_time`).
constexpr auto margin = 20ms;
// What a file system without room for more stamps (ext4 with inodes of 128 bytes).
constexpr std::chrono::nanoseconds coarsest_time = 1s;

// The latest moment at which the file may have changed.
util::WallTime latest_change(const sys::FileStatus& status) {
  const bool is_coarse = status.changed.time_since_epoch() % coarsest_time == 0ns;
  return is_coarse ? status.changed + coarsest_time : status.changed;
}

}  // namespace

std::optional<model::Disposition> ExecSensor::judge(int fd) {
  const auto status = sys::read_status(fd);
  if (!status) return model::Disposition::unreadable;
  const auto now = RecentFiles::Clock::now();
  const auto back = step_back_.update(now, util::WallTime{std::chrono::system_clock::now()});
  if (latest_change(*status) + back + margin < marked_since(fd, *status)) return model::Disposition::executed;
  const FileNumbers numbers{.device = {status->device_major, status->device_minor},
                            .inode = status->inode,
                            .size = status->size,
                            .changed = status->changed};
  if (recent_.contains(numbers, now)) return model::Disposition::duplicate;
  return std::nullopt;
}

// Where the mount is not known, the last of all: what changed after that has changed since its own was
// marked.
util::WallTime ExecSensor::marked_since(int fd, const sys::FileStatus& status) {
  const model::Device device{status.device_major, status.device_minor};
  const model::MountId id{status.mount_id};
  const WatchedMount* mount = mounts_.find_current(device, id);
  if (mount == nullptr) {
    if (const auto file_system = sys::read_file_system_status(fd))
      mount = mounts_.identify(
          {.device = device, .file_system = {file_system->id}, .mount = id, .type = file_system->type});
  }
  const bool is_known = mount != nullptr && mount->marked_since != util::WallTime{};
  return is_known ? mount->marked_since : mounts_.last_marked();
}

}  // namespace dropwarden::monitor
