// SPDX-License-Identifier: Apache-2.0
#include "exec_sensor.hpp"

#include <chrono>
#include <string>
#include <sys/stat.h>

#include "file_path.hpp"

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

// A descriptor from before it left for another namespace may be executed there: that is found like one in
// which nothing is executed.
bool ExecSensor::is_through_root(const sys::FileStatus& status) const {
  return mounts_.is_root_mount({status.mount_id}, {status.device_major, status.device_minor});
}

std::optional<model::Disposition> ExecSensor::judge(int fd, const sys::FileStatus& status, model::Pid pid) {
  const auto now = RecentFiles::Clock::now();
  const auto back = step_back_.update(now, util::WallTime{std::chrono::system_clock::now()});
  const WatchedMount* const mount = find_mount(fd, status);
  if (mount != nullptr && mount->is_overlay() && mount->container.value.empty()) on_unowned_(*mount, pid);
  if (latest_change(status) + back + margin < marked_since(mount)) return model::Disposition::executed;
  const FileNumbers numbers{.device = {status.device_major, status.device_minor},
                            .inode = status.inode,
                            .size = status.size,
                            .changed = status.changed};
  if (recent_.contains(numbers, now) && !may_have_changed(fd, status, numbers, mount))
    return model::Disposition::duplicate;
  return std::nullopt;
}

const WatchedMount* ExecSensor::find_mount(int fd, const sys::FileStatus& status) {
  const model::Device device{status.device_major, status.device_minor};
  const model::MountId id{status.mount_id};
  if (const WatchedMount* mount = mounts_.find_current(device, id)) return mount;
  const auto file_system = sys::read_file_system_status(fd);
  if (!file_system) return nullptr;
  return mounts_.identify(
      {.device = device, .file_system = {file_system->id}, .mount = id, .type = file_system->type});
}

// Of what is executed over and over it is asked once, as long as no number of it changes: a mapping that
// comes later makes the kernel stamp the file with its first store.
bool ExecSensor::may_have_changed(int fd, const sys::FileStatus& status, const FileNumbers& numbers,
                                  const WatchedMount* mount) {
  if (recent_.is_settled(numbers)) return false;
  if (is_held(fd, status, mount)) return true;
  recent_.settle(numbers);
  return false;
}

// Whether somebody has it mapped for writing, or that cannot be told. On an overlay a mapping holds the upper
// file: execve(2) is not refused for it, and stores to pages that are dirty already change no time. On every
// other file system a mapping keeps the file from being executed (ETXTBSY), and its end is a close.
bool ExecSensor::is_held(int fd, const sys::FileStatus& status, const WatchedMount* mount) const {
  if (mount == nullptr) return true;
  if (!mount->is_overlay()) return false;
  const auto link = sys::read_descriptor_path(fd);
  if (!link) return true;
  const std::string path = path_in_container(*mount, parse_descriptor_link(*link, status.links).path);
  // An overlay shows size and times of the upper file as they are, but not always its inode.
  const sys::Fd file = opener_.open(*mount, path, [&](const sys::FileStatus& upper) {
    return S_ISREG(upper.mode) && upper.size == status.size && upper.changed == status.changed;
  });
  return !file || opener_.is_open_for_write(file.number()).value_or(true);
}

// Where the mount is not known, the last of all: what changed after that has changed since its own was
// marked.
util::WallTime ExecSensor::marked_since(const WatchedMount* mount) const {
  const bool is_known = mount != nullptr && mount->marked_since != util::WallTime{};
  return is_known ? mount->marked_since : mounts_.last_marked();
}

}  // namespace dropwarden::monitor
