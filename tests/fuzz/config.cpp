// SPDX-License-Identifier: Apache-2.0
// The configuration: an operator's mistake must not end the daemon at its reload.
#include "dropwarden/config/config.hpp"

#include <string>

#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  try {
    config::parse(std::string(fuzz::text_of(data, size)), "fuzz.yaml");
  } catch (const config::ConfigError&) {
  }
  return 0;
}
