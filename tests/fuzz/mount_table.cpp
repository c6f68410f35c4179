// SPDX-License-Identifier: Apache-2.0
// A mountinfo file, and the options of the overlays in it: a container mounts what it likes.
#include "dropwarden/mount/table.hpp"
#include "dropwarden/watch/marks.hpp"

#include "input.hpp"
#include "privilege/mount_type.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  const auto text = fuzz::text_of(data, size);
  for (const model::Mount& mount : mount::parse_mountinfo(text)) {
    mount::parse_overlay_layers(mount);
    mount::classify_overlay(mount);
    mount::container_id_of(mount);
    privilege::mount_type(text, mount.id.value);
  }
  watch::parse_marks(text);
  return 0;
}
