// SPDX-License-Identifier: Apache-2.0
#include "support/orphans.hpp"

#include <filesystem>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

// The parent's process ID: second field after the name, which is in parentheses and may hold anything
// (proc(5)).
pid_t read_parent(pid_t pid) {
  const auto stat = sys::read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
  if (!stat) return 0;
  const auto name_end = stat->rfind(')');
  if (name_end == std::string::npos || name_end + 4 > stat->size()) return 0;
  auto rest = std::string_view(*stat).substr(name_end + 4);
  return util::parse_number<pid_t>(util::take_until(rest, ' ')).value_or(0);
}

std::vector<pid_t> read_children() {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto pid = util::parse_number<pid_t>(entry.path().filename().string());
    if (pid && read_parent(*pid) == ::getpid()) children.push_back(*pid);
  }
  return children;
}

bool have_ended() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
  const auto children = read_children();
  // Again in each round: what a killed process leaves behind becomes our child only then. Our own child's
  // number cannot have passed to another process, since we have not waited for it yet.
  for (const pid_t child : children) ::kill(child, SIGKILL);
  return children.empty();
}

}  // namespace

Orphans::Orphans() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) throw sys::SystemError(sys::last_error("prctl"));
}

Orphans::~Orphans() {
  wait_for(have_ended, 10s);
}

}  // namespace dropwarden::test
