// SPDX-License-Identifier: Apache-2.0
#include "runtime_under_test.hpp"

#include <algorithm>

#include "dropwarden/util/text.hpp"

namespace dropwarden::test {
namespace {

std::optional<RuntimeUnderTest> find_runtime(std::string_view name) {
  if (name == "containerd")
    return RuntimeUnderTest{
        .programs = {"containerd", "ctr"}, .start = start_containerd, .removal_rounds = 200, .crowd = 50};
  if (name == "dockerd")
    return RuntimeUnderTest{.programs = {"dockerd", "docker", "containerd"},
                            .start = start_dockerd,
                            .removal_rounds = 200,
                            .crowd = 50};
  if (name == "podman")
    return RuntimeUnderTest{
        .programs = {"podman", "conmon"}, .start = start_podman, .removal_rounds = 50, .crowd = 8};
  return std::nullopt;
}

bool apply(RuntimeUnderTest& runtime, std::string_view word) {
  if (word == "crun") return runtime.oci_runtime = "crun", true;
  if (word == "v1") return runtime.layout = CgroupLayout::v1, true;
  if (word == "v2") return runtime.layout = CgroupLayout::v2, true;
  if (word == "debian13") return runtime.is_of_debian_13 = true;
  if (word == "store") return runtime.has_image_store = true;
  if (word == "systemd") return runtime.is_on_systemd = true;
  if (word == "long") return runtime.is_long = true;
  return false;
}

}  // namespace

std::optional<RuntimeUnderTest> parse_runtime_under_test(std::string_view name) {
  auto runtime = find_runtime(util::take_until(name, '-'));
  const bool is_plain = name.empty();
  while (runtime && !name.empty()) {
    if (!apply(*runtime, util::take_until(name, '-'))) return std::nullopt;
  }
  if (!runtime) return std::nullopt;
  // What differs from the plain runtime is where containers are made, not what their removal waits for.
  if (!runtime->is_long) runtime->removal_rounds = is_plain ? std::min(runtime->removal_rounds, 40U) : 20;
  if (!is_plain) runtime->crowd = 8;
  // These have to be here only when they come from here.
  if (runtime->is_of_debian_13) {
    runtime->programs = {"debootstrap"};
  } else {
    runtime->programs.push_back(runtime->oci_runtime == "crun" ? "crun" : "runc");
    if (runtime->layout == CgroupLayout::v2) runtime->programs.push_back("jq");
    if (runtime->is_on_systemd) runtime->programs.push_back("systemctl");
  }
  return runtime;
}

}  // namespace dropwarden::test
