// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dropwarden/model/container.hpp"

namespace dropwarden::container {

// The names of a cgroup path from the outside in, those of the enclosing container left out.
using CgroupNames = std::span<const std::string_view>;

struct ContainerName {
  model::Runtime runtime = model::Runtime::unknown;
  std::string id;
};

// The last of `names` as the container that a runtime has named so; the ones before it tell whose name it is.
// Nothing for all else, the cgroups of a runtime's own monitors (conmon, lxc.monitor) among it. Pure.
std::optional<ContainerName> parse_container_name(CgroupNames names);

// UID of the innermost pod among `names`; empty when there is none. Pure.
std::string parse_pod_uid(CgroupNames names);

}  // namespace dropwarden::container
