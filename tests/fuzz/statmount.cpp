// SPDX-License-Identifier: Apache-2.0
// An answer of statmount(2): the kernel makes it, a container some of its texts, and the marker hands it on.
#include "dropwarden/mount/statmount.hpp"

#include "dropwarden/mount/table.hpp"

#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  const auto told = mount::decode_statmount(fuzz::text_of(data, size));
  if (!told) return 0;
  fuzz::require(!told->mount.root.empty() && !told->mount.mount_point.empty());
  mount::parse_overlay_layers(told->mount);
  mount::classify_overlay(told->mount);
  mount::container_id_of(told->mount);
  return 0;
}
