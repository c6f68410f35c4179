// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "dropwarden/model/ids.hpp"

namespace dropwarden::container {

// Bounds on what is kept of one container, and of one runtime. containerd allows 76 bytes for an id,
// Kubernetes 253 for a name.
constexpr std::size_t max_id_bytes = 256;
constexpr std::size_t max_name_bytes = 1024;
constexpr std::size_t max_path_bytes = 4096;
constexpr std::size_t max_containers = 8192;

inline bool is_fit_id(std::string_view id) {
  return !id.empty() && id.size() <= max_id_bytes;
}

// 0 for what is no pid.
inline model::Pid to_pid(std::uint32_t number) {
  if (number > static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max())) return {};
  return {static_cast<std::int32_t>(number)};
}

}  // namespace dropwarden::container
