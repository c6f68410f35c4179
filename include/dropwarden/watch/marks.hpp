// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::watch {

// The superblocks that a group has marked, from the text of its /proc/PID/fdinfo/N (proc(5)): `fanotify
// sdev:` lines. Lines of another form are passed over. Pure.
std::vector<model::Device> parse_marked_devices(std::string_view fdinfo);

// The same from the kernel, for a group of this process: what is really marked now. A mark goes with its
// superblock without a word (fanotify_mark(2)), and the next mount may carry the same device number and the
// same mount ID at once, so remembering what was marked is not enough. Any thread.
sys::Result<std::vector<model::Device>> read_marked_devices(int group);

}  // namespace dropwarden::watch
