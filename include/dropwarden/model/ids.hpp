// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

#include "dropwarden/util/strong.hpp"

namespace dropwarden::model {

// A process (thread group) in dropwarden's own pid namespace; 0 is none, or one outside that namespace.
using Pid = util::Strong<std::int32_t, struct PidTag>;

// A mount as in the first column of mountinfo and in statx(2) stx_mnt_id. Reused after an unmount.
using MountId = util::Strong<std::uint64_t, struct MountIdTag>;

// f_fsid of statfs(2): on Linux 6.6 and newer one value an overlay instance.
using FileSystemId = util::Strong<std::uint64_t, struct FileSystemIdTag>;

// As the runtime names it: 64 hexadecimal digits, or any name under `ctr`. Empty when unknown.
using ContainerId = util::Strong<std::string, struct ContainerIdTag>;

// major:minor as mountinfo prints them; for an overlay, the anonymous device of its superblock, unique while
// it lives.
struct Device {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;

  friend auto operator<=>(const Device&, const Device&) = default;
};

}  // namespace dropwarden::model

template <>
struct std::hash<dropwarden::model::Device> {
  std::size_t operator()(const dropwarden::model::Device& device) const noexcept {
    return std::hash<std::uint64_t>{}(std::uint64_t{device.major} << 32U | device.minor);
  }
};
