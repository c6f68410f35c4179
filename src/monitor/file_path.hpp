// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dropwarden/model/finding.hpp"

namespace dropwarden::monitor {

struct FilePath {
  std::string path;
  model::PathState state = model::PathState::live;
};

// What the link of an event's descriptor in /proc/self/fd says, read with the number of names the file has.
// The kernel appends ` (deleted)` to the name of an unlinked dentry, but a live file may be named so, and an
// O_TMPFILE is `#<inode> (deleted)` even after it was linked (measured). Pure.
FilePath parse_descriptor_link(std::string_view link, std::uint32_t links);

}  // namespace dropwarden::monitor
