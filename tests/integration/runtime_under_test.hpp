// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/cgroup_layout.hpp"
#include "support/image.hpp"
#include "support/runtime.hpp"

namespace dropwarden::test {

// What a test program is about.
struct RuntimeUnderTest {
  std::vector<const char*> programs;  // to be installed
  std::unique_ptr<Runtime> (*start)(const RuntimePlace& place, const TestImages& images);
  unsigned removal_rounds;  // as many as a minute allows, once parsed of the tier
  unsigned crowd;           // containers that start at once
  std::string oci_runtime = "runc";
  CgroupLayout layout = CgroupLayout::of_host;
  bool is_of_debian_13 = false;
  bool has_image_store = false;
  bool is_on_systemd = false;
  bool is_long = false;
};

// `containerd`, `dockerd` or `podman`, and then, each after a dash: `crun` in place of runc, `v1` or `v2` in
// place of the host's cgroup layout, `debian13` for that release's programs, `store` for dockerd with the
// image store of containerd, `systemd` to have that make the cgroups, `long` for more rounds. Nothing for
// another word. Pure.
std::optional<RuntimeUnderTest> parse_runtime_under_test(std::string_view name);

}  // namespace dropwarden::test
