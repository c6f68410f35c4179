// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

namespace dropwarden::cli {

// One way to put an executable into a container.
struct Marker {
  const char* way;                                                     // for people
  const char* path;                                                    // where it ends up, in the container
  void (*write)(const std::string& path, const std::string& content);  // throws sys::SystemError
};

// What the self-test writes. fanotify(7) tells of each by a FAN_CLOSE_WRITE on the overlay.
std::span<const Marker> markers();

// A small ELF executable header, different for each `number`: it is seen as an executable and runs nothing.
std::string marker_content(unsigned number);

}  // namespace dropwarden::cli
