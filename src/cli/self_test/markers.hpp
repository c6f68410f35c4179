// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

namespace dropwarden::cli {

// What has to be watched for a marker to be seen, and not every kernel tells.
enum class Needs {
  overlay,         // the overlay itself
  upper_names,     // names and attributes on the file system under it
  busy_execution,  // executions that fail with ETXTBSY
};

// One way to put an executable into a container.
struct Marker {
  const char* way;                                                     // for people
  const char* path;                                                    // where it ends up, in the container
  void (*write)(const std::string& path, const std::string& content);  // throws sys::SystemError
  Needs needs = Needs::overlay;
};

// What the self-test writes. fanotify(7) tells of each by a FAN_CLOSE_WRITE on the overlay, save where
// something else is needed, of one only when it is executed, and of one perhaps nothing.
std::span<const Marker> markers();

// A small ELF executable header, different for each `number`: it is seen as an executable and runs nothing.
std::string marker_content(unsigned number);

}  // namespace dropwarden::cli
