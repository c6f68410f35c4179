// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dropwarden/layer/image.hpp"
#include "dropwarden/layer/readable_mounts.hpp"
#include "dropwarden/model/mount.hpp"

#include "kernel_test.hpp"

namespace dropwarden::test {

// What the daemon would know of an overlay that is mounted now.
struct KnownOverlay {
  std::shared_ptr<const model::OverlayLayers> layers;
  std::shared_ptr<const layer::ReadableMounts> mounts;
};
KnownOverlay read_overlay(const std::string& mount_point);

void make_whiteout(const std::string& path);
void set_attribute(const std::string& path, const std::string& name, const std::string& value);

}  // namespace dropwarden::test
