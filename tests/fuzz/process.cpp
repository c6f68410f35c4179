// SPDX-License-Identifier: Apache-2.0
// Files of /proc/PID, of which a process writes its name and arguments, and the link of an event's
// descriptor.
#include "attribute/proc_text.hpp"
#include "input.hpp"
#include "monitor/file_path.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  const auto text = fuzz::text_of(data, size);
  attribute::parse_stat(text);
  attribute::parse_status(text);
  attribute::parse_command_line(text);
  attribute::parse_login_uid(text);
  for (const std::uint32_t links : {0U, 1U, 2U}) monitor::parse_descriptor_link(text, links);
  return 0;
}
