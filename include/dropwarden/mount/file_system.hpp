// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dropwarden::mount {

// What statfs(2) says of a file system that mountinfo names `type`, for those that may be marked; nothing for
// all others. Only file systems that the kernel serves by itself are among them: an event of a mark opens the
// file, and a FUSE server or a network that never answers would hold the reader for ever. An overlay is one
// as long as nobody but the host chose its layers.
std::optional<std::uint64_t> watchable_magic(std::string_view type);

// Whether files live in memory, and go with the last mount: `tmpfs` and its kin.
bool is_memory(std::string_view type);

// Whether such a file system holds files of its own, and the kernel alone answers for them.
bool has_local_files(std::string_view type);

// Whether the kernel answers by itself when a path leads through such a file system.
bool is_safe_to_cross(std::string_view type);

// Why a file system of a type that is not watchable is left alone, for people.
std::string why_unwatchable(std::string_view type);

}  // namespace dropwarden::mount
