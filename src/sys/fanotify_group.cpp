// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/fanotify_group.hpp"

#include <array>
#include <cerrno>
#include <expected>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/fanotify.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace dropwarden::sys {
namespace {

constexpr uid_t unchanged = -1;

// Above what is given to users and their namespaces, and one of 2^30: whoever may become any user could hold
// the groups of each that he knows of.
uid_t pick_user() {
  uid_t user = 0;
  if (::getrandom(&user, sizeof user, 0) != sizeof user) return 0;
  return user % 0x40000000U + 0x80000000U;
}

uid_t saved_user() {
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  ::getresuid(&real, &effective, &saved);
  return saved;
}

Result<Fd> init(unsigned flags, unsigned event_flags) {
  Fd group{::fanotify_init(flags | FAN_CLOEXEC, event_flags | O_CLOEXEC)};
  if (!group) return unexpected_errno("fanotify_init");
  return group;
}

// Of this thread. Those in effect are lost with user ID 0, and root's real user ID keeps the others
// (capabilities(7)).
Result<void> take_capabilities_again() {
  struct __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<struct __user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return unexpected_errno("capget");
  for (auto& set : sets) set.effective = set.permitted;
  if (::syscall(SYS_capset, &header, sets.data()) != 0) return unexpected_errno("capset");
  return {};
}

// glibc's setresuid would change all threads (nptl(7)).
Result<Fd> init_as(uid_t user, unsigned flags, unsigned event_flags) {
  if (::syscall(SYS_setresuid, unchanged, user, unchanged) != 0) return unexpected_errno("setresuid");
  if (auto taken = take_capabilities_again(); !taken) return std::unexpected(std::move(taken.error()));
  return init(flags, event_flags);
}

}  // namespace

Result<Fd> open_fanotify_group(unsigned flags, unsigned event_flags) {
  auto group = init(flags, event_flags);
  if (group || group.error().number != EMFILE) return group;
  const uid_t saved = saved_user();
  const uid_t user = saved != 0 ? saved : pick_user();
  Result<Fd> other;
  // A thread that ends with what it has become.
  std::thread([&] { other = init_as(user, flags, event_flags); }).join();
  return other ? std::move(other) : std::move(group);
}

void reserve_user() {
  static_cast<void>(!::setresuid(unchanged, unchanged, pick_user()));
}

}  // namespace dropwarden::sys
