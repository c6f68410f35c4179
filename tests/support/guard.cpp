// SPDX-License-Identifier: Apache-2.0
#include "support/guard.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "support/cgroup.hpp"
#include "support/temporary_directory.hpp"
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

// In rounds, since what a killed process leaves behind becomes our child only then. The number of a child
// cannot have passed to another process: we have not waited for it yet.
bool have_children_ended() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
  const auto children = read_children();
  for (const pid_t child : children) ::kill(child, SIGKILL);
  return children.empty();
}

sigset_t awaited_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
  return signals;
}

// The shell's convention for an end by a signal.
int exit_status_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int wait_until_ended(pid_t child, const sigset_t& signals) {
  while (true) {
    int status = 0;
    pid_t ended = 0;
    // Orphans too, as init would: a dockerd that is started again takes the zombie of its containerd for one
    // that runs.
    while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (ended == child) return exit_status_of(status);
    }
    const int signal = ::sigwaitinfo(&signals, nullptr);
    if (signal > 0 && signal != SIGCHLD) ::kill(child, SIGKILL);
  }
}

}  // namespace

int run_guarded(const std::function<int(const RuntimePlace& place)>& body) {
  const TemporaryDirectory directory;
  const RuntimePlace place{directory.path(), "/" + directory.path().filename().string()};
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) throw sys::SystemError(sys::last_error("prctl"));
  const sigset_t signals = awaited_signals();
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &signals, &before);
  const pid_t child = ::fork();
  if (child < 0) throw sys::SystemError(sys::last_error("fork"));
  if (child == 0) {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Not `return`: the directory belongs to the parent.
    std::exit(body(place));
  }
  // The signals stay blocked: a second one must not interrupt the cleaning up.
  const int status = wait_until_ended(child, signals);
  wait_for(have_children_ended, 10s);
  remove_cgroups(place.cgroup);
  return status;
}

int run_tests_guarded(int argc, char** argv, RuntimePlace& place) {
  return run_guarded([&](const RuntimePlace& made) {
    testing::InitGoogleTest(&argc, argv);
    place = made;
    return RUN_ALL_TESTS();
  });
}

}  // namespace dropwarden::test
