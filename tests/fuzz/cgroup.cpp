// SPDX-License-Identifier: Apache-2.0
// /proc/PID/cgroup: a container names the cgroups below its own.
#include "dropwarden/container/cgroup_path.hpp"

#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  const auto text = fuzz::text_of(data, size);
  container::parse_cgroup_path(text);
  container::parse_process_cgroup(text);
  const auto half = text.substr(0, text.size() / 2);
  container::is_in_cgroup_of(text, half);
  container::trusted_owner(container::parse_process_owners(text), container::parse_process_owners(half));
  return 0;
}
