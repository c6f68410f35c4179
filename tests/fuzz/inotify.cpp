// SPDX-License-Identifier: Apache-2.0
// Events of an inotify descriptor, whose names are those of sockets and files that others make.
#include "dropwarden/sys/inotify.hpp"

#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  std::vector<std::string> names;
  sys::parse_names(fuzz::text_of(data, size), names);
  for (const auto& name : names) fuzz::require(name.find('\0') == std::string::npos);
  return 0;
}
