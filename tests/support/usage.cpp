// SPDX-License-Identifier: Apache-2.0
#include "support/usage.hpp"

#include <algorithm>
#include <string_view>
#include <sys/types.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "support/process_family.hpp"
#include "support/process_holdings.hpp"
#include "support/sanitizer.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

std::chrono::milliseconds processor_time(pid_t pid) {
  const auto stat = sys::read_file(fmt::format("/proc/{}/stat", pid), 4096).value_or("");
  // utime and stime are the 14th and the 15th field, the 12th and 13th behind the name (proc(5)).
  const auto fields = util::split(std::string_view(stat).substr(std::min(stat.rfind(')'), stat.size())), ' ');
  std::uint64_t ticks = 0;
  for (const std::size_t field : {12U, 13U}) {
    if (field < fields.size()) ticks += util::parse_number<std::uint64_t>(fields[field]).value_or(0);
  }
  return std::chrono::milliseconds(ticks * 1000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

}  // namespace

Usage read_usage(const Daemon& daemon) {
  Usage usage;
  for (const pid_t pid : read_family(daemon.pid())) {
    usage.memory += anonymous_memory(pid);
    usage.processor += processor_time(pid);
    usage.descriptors += count_descriptors(pid);
    usage.threads += count_threads(pid);
  }
  return usage;
}

void expect_bounded(const Daemon& daemon, const Usage& before, std::uint64_t more_memory) {
  constexpr std::size_t more_descriptors = 32;
  Usage now;
  const auto is_bounded = [&] {
    now = read_usage(daemon);
    return now.memory < before.memory + sanitizer_factor * more_memory &&
           now.descriptors < before.descriptors + more_descriptors;
  };
  EXPECT_TRUE(wait_for(is_bounded, 20s))
      << fmt::format("memory {} then {}, descriptors {} then {}", before.memory, now.memory,
                     before.descriptors, now.descriptors);
}

}  // namespace dropwarden::test
