// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dropwarden/config/config.hpp"
#include "dropwarden/model/ids.hpp"

namespace dropwarden::monitor {

// How the file systems under the containers' upper directories and volumes are watched (sensor
// `upper_layer`).
struct UpperLayers {
  struct FileSystem {
    std::string mount_point;  // of the host, by which it is marked
    std::string type;
    model::Device device;
    bool has_names = false;   // is marked for names and attributes,
    bool has_writes = false;  // and for writes
    std::string problem;      // why it is not marked, or not as asked for; escaped
  };
  config::UpperLayer wanted = config::UpperLayer::off;
  bool can_names = false;  // what this kernel tells of overlays there
  bool can_writes = false;
  std::string problem;  // why nothing is watched though it is wanted; escaped
  std::vector<FileSystem> file_systems{};
  std::uint64_t records = 0;    // read, save our own
  std::uint64_t elsewhere = 0;  // of these about files that are no container's
  std::uint64_t gone = 0;       // and about files that were gone when they were looked for
};

}  // namespace dropwarden::monitor
