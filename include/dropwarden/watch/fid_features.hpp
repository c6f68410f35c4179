// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/watch/features.hpp"

namespace dropwarden::watch {

// What this kernel's fanotify can do in FID mode, found by trying.
struct FidFeatures {
  bool has_names = false;       // FAN_REPORT_DFID_NAME with FAN_REPORT_FID, Linux 5.9
  bool has_target_fid = false;  // FAN_REPORT_TARGET_FID, Linux 5.17: a rename tells the file as well
};

// As `probe_features` does.
sys::Result<FidFeatures> probe_fid_features(const OpenGroup& open_group);

// Flags of fanotify_init(2) for the group of sensor B (bounded queue). An event has no descriptor, so that
// nothing is pinned.
unsigned fid_group_flags(const FidFeatures& features);

// The masks of sensor B's marks. Names: a file moved here (MOVED_TO), its attributes or its number of links
// changed (ATTRIB); of directories too, whose path is then another. Writes: CLOSE_WRITE, also at munmap(2).
//
// FAN_CREATE is not among them: each new file would cost its writer one event more, and a link or the first
// name of an O_TMPFILE file is an ATTRIB of the file as well (tests/bench/upper_marks.cpp).
std::uint64_t names_mask();
std::uint64_t writes_mask();

}  // namespace dropwarden::watch
