// SPDX-License-Identifier: Apache-2.0
#include "process_family.hpp"

#include <filesystem>
#include <string>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;

void add(pid_t pid, std::vector<pid_t>& family) {
  family.push_back(pid);
  std::error_code gone;
  for (fs::directory_iterator at("/proc/" + std::to_string(pid) + "/task", gone), end; !gone && at != end;
       at.increment(gone)) {
    const auto children = sys::read_file(at->path().string() + "/children", 1U << 16U).value_or("");
    for (const auto child : util::split(children, ' ')) {
      if (const auto number = util::parse_number<pid_t>(util::trim(child))) add(*number, family);
    }
  }
}

}  // namespace

std::vector<pid_t> read_family(pid_t pid) {
  std::vector<pid_t> family;
  add(pid, family);
  return family;
}

}  // namespace dropwarden::test
