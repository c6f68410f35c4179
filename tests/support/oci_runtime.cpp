// SPDX-License-Identifier: Apache-2.0
#include "support/oci_runtime.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "support/file.hpp"

namespace dropwarden::test {
namespace {

// Device rules go too: to load them crun raises RLIMIT_MEMLOCK, which takes CAP_SYS_RESOURCE.
constexpr const char* script = R"(#!/bin/bash
set -euo pipefail
controllers=/sys/fs/cgroup/cgroup.controllers
bundle=
for ((i = 1; i < $#; i++)); do
  next=$((i + 1))
  case ${{!i}} in --bundle | -b) bundle=${{!next}} ;; esac
done
if [[ -n "$bundle" && -e "$controllers" && " $(<"$controllers") " != *' cpu '* ]]; then
  jq 'del(.linux.resources)' "$bundle/config.json" >"$bundle/config.json.new"
  mv "$bundle/config.json.new" "$bundle/config.json"
fi
exec {} "$@"
)";

}  // namespace

std::string make_frugal_oci_runtime(const std::string& directory, const std::string& oci_runtime) {
  const auto path = directory + "/frugal-" + oci_runtime;
  write_file(path, fmt::format(fmt::runtime(script), oci_runtime));
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

}  // namespace dropwarden::test
