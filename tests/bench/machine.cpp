// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <sys/utsname.h>
#include <thread>

#include "dropwarden/util/text.hpp"
#include "dropwarden/util/time.hpp"

#include "support/file.hpp"

namespace dropwarden::test {
namespace {

// The value of the first line of `file` that begins with `key`, behind the colon.
std::string value_in(const std::string& file, std::string_view key) {
  const std::string text = read_file(file);
  for (std::string_view line : util::split(text, '\n')) {
    if (!line.starts_with(key)) continue;
    util::take_until(line, ':');
    return std::string(util::trim(line));
  }
  return "unknown";
}

}  // namespace

boost::json::object describe_machine() {
  struct utsname kernel{};
  ::uname(&kernel);
  const bool is_virtual =
      (" " + value_in("/proc/cpuinfo", "flags") + " ").find(" hypervisor ") != std::string::npos;
  const std::string load = read_file("/proc/loadavg");
  std::string_view averages = load;
  return {{"processor", value_in("/proc/cpuinfo", "model name")},
          {"processors", std::thread::hardware_concurrency()},
          {"memory", value_in("/proc/meminfo", "MemTotal")},
          {"kernel", std::string(kernel.sysname) + " " + kernel.release + " " + kernel.machine},
          {"virtual", is_virtual},
          {"load", std::string(util::take_until(averages, ' '))},
          {"time", util::format_rfc3339(std::chrono::system_clock::now())},
          {"build", BENCH_BUILD},
          {"version", DROPWARDEN_VERSION}};
}

}  // namespace dropwarden::test
