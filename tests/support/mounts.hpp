// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace dropwarden::test {

// What is mounted below `directory`, in the order in which it was: of file system `type`, or all.
std::vector<std::string> mount_points_below(const std::string& directory, const std::string& type = {});

// Unmounts what is mounted on and below `directory`, the last mounted first, lazily: a runtime that was
// killed leaves mounts that are busy.
void unmount_below(const std::string& directory);

}  // namespace dropwarden::test
