// SPDX-License-Identifier: Apache-2.0
// Files and links of /proc/PID, of which a process writes its name and arguments, and the link of an event's
// descriptor.
#include "dropwarden/attribute/process.hpp"

#include "dropwarden/sys/proc_stat.hpp"

#include "attribute/proc_text.hpp"
#include "container/process_text.hpp"
#include "input.hpp"
#include "monitor/file_path.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  const auto text = fuzz::text_of(data, size);
  // Read in two places, which are to agree on who is who.
  const auto stat = attribute::parse_stat(text);
  if (stat) fuzz::require(sys::parse_start_time(text) == stat->start_ticks);
  const auto status = attribute::parse_status(text);
  const auto pids = container::parse_namespace_pids(text);
  if (pids) fuzz::require(pids->depth > 0 && pids->depth <= size);
  fuzz::require(status.numbers.size() <= size);
  fuzz::require(attribute::parse_command_line(text).size() <= attribute::max_arguments + 1);
  attribute::parse_login_uid(text);
  attribute::parse_namespace(text);
  attribute::parse_identity(text);
  for (const std::uint32_t links : {0U, 1U, 2U}) monitor::parse_descriptor_link(text, links);
  return 0;
}
