// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "support/image.hpp"

namespace dropwarden::test {

// Writes an image of busybox and the built dropwarden with its libraries into `directory`.
Image write_monitor_image(const std::string& directory);

}  // namespace dropwarden::test
