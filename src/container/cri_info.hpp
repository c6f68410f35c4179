// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dropwarden/model/ids.hpp"

namespace dropwarden::container {

// What is read of info["info"] of a verbose ContainerStatus or PodSandboxStatus.
struct CriInfo {
  model::Pid pid = {};          // 0 before the start
  std::string sandbox_id = {};  // containers only
  std::string image = {};       // pod sandboxes only

  friend bool operator==(const CriInfo&, const CriInfo&) = default;
};

// The text is JSON whose form each runtime chooses (CRI says no more than that it is for debugging);
// containerd and CRI-O agree on these members of the outermost object. Members of another type are passed
// over. Nothing when it is no JSON object. Pure; holds nothing of the rest, which has the whole runtime-spec
// in it and any size.
std::optional<CriInfo> parse_cri_info(std::string_view json);

}  // namespace dropwarden::container
