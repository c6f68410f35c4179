// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dropwarden::privilege {

// The type of file system of the mount `id` in the text of a mountinfo (proc(5)), a view into it; nothing
// when the mount is not there. Pure.
std::optional<std::string_view> mount_type(std::string_view mountinfo, std::uint64_t id);

}  // namespace dropwarden::privilege
