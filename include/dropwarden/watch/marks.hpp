// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::watch {

// What a group has marked.
struct Marks {
  std::vector<model::Device> file_systems;  // by the device of the superblock
  std::vector<model::MountId> mounts;

  friend bool operator==(const Marks&, const Marks&) = default;
};

// From the text of the group's /proc/PID/fdinfo/N (proc(5)): lines `fanotify sdev:` and `fanotify mnt_id:`.
// Lines of another form are passed over. Pure.
Marks parse_marks(std::string_view fdinfo);

// The same from the kernel, for a group of this process: what is really marked now. A mark goes with its
// superblock or its mount without a word (fanotify_mark(2)), and the next mount may carry the same device
// number and the same mount ID at once, so remembering what was marked is not enough. Any thread.
sys::Result<Marks> read_marks(int group);

// How many marks all groups of one user may have together (fanotify(7)); where the kernel does not tell, what
// each group could have before Linux 5.13. Any thread.
std::size_t read_most_marks(const std::string& file = "/proc/sys/fs/fanotify/max_user_marks");

}  // namespace dropwarden::watch
