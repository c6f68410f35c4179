// SPDX-License-Identifier: Apache-2.0
#include "support/requirements.hpp"

#include <cstdlib>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "support/command.hpp"

namespace dropwarden::test {
namespace {

bool has_capability(unsigned number) {
  const auto text = sys::value_or_throw(sys::read_file("/proc/self/status", 1U << 16U));
  for (const auto line : util::split(text, '\n')) {
    if (!line.starts_with("CapEff:")) continue;
    const auto set = util::parse_number<std::uint64_t>(util::trim(line.substr(line.find(':') + 1)), 16);
    return set && (*set >> number & 1U) != 0;
  }
  return false;
}

bool is_in_path(const std::string& program) {
  const char* const path = std::getenv("PATH");
  for (const auto directory : util::split(path == nullptr ? "/usr/sbin:/usr/bin" : path, ':')) {
    if (::access((std::string(directory) + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace

std::string missing_requirement(const std::vector<const char*>& programs) {
  if (::geteuid() != 0) return "SKIP privilege: needs root";
  if (!has_capability(CAP_SYS_ADMIN)) return "SKIP privilege: needs CAP_SYS_ADMIN";
  for (const char* program : programs) {
    if (!is_in_path(program)) return std::string("SKIP runtime: ") + program + " is not installed";
  }
  // A dynamic one (package `busybox`) does not run alone in an image.
  if (::access("/bin/busybox", X_OK) != 0)
    return "SKIP runtime: /bin/busybox is not installed (busybox-static)";
  const auto needs = run_command({"ldd", "/bin/busybox"});
  if (needs.status.is_success()) return "SKIP runtime: /bin/busybox is not static (busybox-static)";
  return {};
}

}  // namespace dropwarden::test
