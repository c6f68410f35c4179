// SPDX-License-Identifier: Apache-2.0
#include "layer_test.hpp"

#include <algorithm>
#include <stdexcept>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/file.hpp"

#include "support/child.hpp"

namespace dropwarden::test {

KnownOverlay read_overlay(const std::string& mount_point) {
  const auto table = mount::parse_mountinfo(
      sys::value_or_throw(sys::read_file("/proc/self/mountinfo", std::size_t{1} << 24U)));
  const auto found = std::ranges::find(table, mount_point, &model::Mount::mount_point);
  if (found == table.end()) throw std::runtime_error("not mounted: " + mount_point);
  return {.layers = std::make_shared<const model::OverlayLayers>(mount::parse_overlay_layers(*found).value()),
          .mounts = std::make_shared<const layer::ReadableMounts>(table)};
}

void make_whiteout(const std::string& path) {
  require(::mknod(path.c_str(), S_IFCHR, ::makedev(0, 0)) == 0, "mknod");
}

void set_attribute(const std::string& path, const std::string& name, const std::string& value) {
  require(::setxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) == 0, "setxattr");
}

}  // namespace dropwarden::test
