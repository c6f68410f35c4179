// SPDX-License-Identifier: Apache-2.0
#include "demotion.hpp"

#include <algorithm>
#include <array>
#include <cap-ng.h>
#include <csignal>
#include <grp.h>
#include <pwd.h>
#include <span>
#include <sys/prctl.h>
#include <unistd.h>

#include <climits>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fanotify_group.hpp"

#include "log.hpp"

namespace dropwarden::daemon {
namespace {

constexpr std::array<unsigned, 4> of_marker{CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_LEASE};

class Problems {
 public:
  void note(bool is_done, const char* call, const char* object) {
    if (!is_done) texts_.push_back(sys::last_error(call, object).text());
  }
  std::vector<std::string> take() { return std::move(texts_); }

 private:
  std::vector<std::string> texts_;
};

// The bounding set too where that is allowed: with no_new_privs nothing can come back anyway.
void keep_capabilities(std::span<const unsigned> kept, Problems& problems) {
  capng_get_caps_process();
  const bool may_cut = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
  std::vector<unsigned> there;
  std::ranges::copy_if(kept, std::back_inserter(there), [](unsigned capability) {
    return capng_have_capability(CAPNG_PERMITTED, capability) != 0;
  });
  capng_clear(CAPNG_SELECT_ALL);
  for (const unsigned capability : there)
    capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED), capability);
  problems.note(capng_apply(may_cut ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS) == 0, "capset", "");
}

// After everything that changes credentials, which takes the signal away (prctl(2)).
void tie_to(pid_t parent, Problems& problems) {
  problems.note(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "prctl", "PR_SET_NO_NEW_PRIVS");
  problems.note(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "prctl", "PR_SET_DUMPABLE");
  problems.note(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0, "prctl", "PR_SET_PDEATHSIG");
  if (::getppid() != parent) ::_exit(1);
}

}  // namespace

User find_monitor_user() {
  const struct passwd* const entry = ::getpwnam("dropwarden");
  return entry == nullptr ? User{} : User{.uid = entry->pw_uid, .gid = entry->pw_gid};
}

bool has_privilege() {
  return capng_get_caps_process() == 0 && capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN) != 0;
}

std::vector<std::string> become_monitor(const User& user, pid_t parent) {
  Problems problems;
  if (::geteuid() == 0) {
    problems.note(::setgroups(0, nullptr) == 0, "setgroups", "");
    problems.note(::setresgid(user.gid, user.gid, user.gid) == 0, "setresgid", "");
    // Last: it takes the capabilities that the others need, and the bounding set is cut before it is done.
    capng_get_caps_process();
    if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0) {
      capng_clear(CAPNG_SELECT_BOUNDS);
      problems.note(capng_apply(CAPNG_SELECT_BOUNDS) == 0, "prctl", "PR_CAPBSET_DROP");
    }
    problems.note(::setresuid(user.uid, user.uid, user.uid) == 0, "setresuid", "");
  }
  keep_capabilities({}, problems);
  tie_to(parent, problems);
  return problems.take();
}

std::vector<std::string> become_marker(pid_t parent) {
  Problems problems;
  if (::geteuid() == 0) sys::reserve_user();
  keep_capabilities(of_marker, problems);
  tie_to(parent, problems);
  return problems.take();
}

void close_others(std::vector<int> kept) {
  if (const auto log = log_descriptor()) kept.push_back(*log);
  std::ranges::sort(kept);
  unsigned first = STDERR_FILENO + 1;
  for (const int number : kept) {
    if (static_cast<unsigned>(number) > first) ::close_range(first, static_cast<unsigned>(number) - 1, 0);
    first = std::max(first, static_cast<unsigned>(number) + 1);
  }
  ::close_range(first, UINT_MAX, 0);
}

}  // namespace dropwarden::daemon
