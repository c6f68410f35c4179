// SPDX-License-Identifier: Apache-2.0
// A line on the control socket.
#include "control/request.hpp"

#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  const auto text = fuzz::text_of(data, size);
  if (const auto request = control::parse_request(text); !request) control::format_error(request.error());
  control::format_error(text);
  return 0;
}
