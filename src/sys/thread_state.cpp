// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/thread_state.hpp"

#include <cerrno>
#include <unistd.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::sys {
namespace {

constexpr std::size_t max_status = std::size_t{64} << 10U;

std::string_view without_space(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return text;
}

}  // namespace

std::int32_t thread_id() {
  return ::gettid();
}

Result<ThreadState> read_thread_state(std::int32_t thread) {
  const std::string directory = "/proc/self/task/" + std::to_string(thread);
  const auto status = read_file(directory + "/status", max_status);
  if (!status) return std::unexpected(status.error());
  ThreadState state;
  for (const auto line : util::split(*status, '\n')) {
    std::string_view value = line;
    const auto name = util::take_until(value, ':');
    value = without_space(value);
    if (name == "State" && !value.empty()) state.state = value.front();
    if (name == "voluntary_ctxt_switches" || name == "nonvoluntary_ctxt_switches")
      state.switches += util::parse_number<std::uint64_t>(value).value_or(0);
  }
  if (state.state == '?') return std::unexpected(Error{"read", directory + "/status", EIO});
  // `0` where the kernel does not tell, and 0 is a thread that runs.
  const auto channel = read_file(directory + "/wchan", max_status);
  if (channel && *channel != "0") state.wait_channel = *channel;
  return state;
}

}  // namespace dropwarden::sys
