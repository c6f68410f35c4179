// SPDX-License-Identifier: Apache-2.0
#include "support/other_user.hpp"

#include <string>
#include <unistd.h>

#include "support/child.hpp"
#include "support/file.hpp"

namespace dropwarden::test {

void become_user(uid_t user) {
  require(::setresgid(user, user, user) == 0 && ::setresuid(user, user, user) == 0, "setresuid");
}

std::optional<uid_t> user_of(pid_t process) {
  const auto status = read_file("/proc/" + std::to_string(process) + "/status");
  const auto line = status.find("Uid:\t");
  if (line == std::string::npos) return std::nullopt;
  return static_cast<uid_t>(std::stoul(status.substr(line + 5)));
}

std::optional<rlim_t> limit_descriptors(pid_t process, rlim_t number) {
  const auto user = user_of(process);
  if (!user) return std::nullopt;
  struct rlimit before{};
  const bool is_entered = ::setresgid(*user, *user, 0) == 0 && ::setresuid(*user, *user, 0) == 0;
  bool is_set = is_entered && ::prlimit(process, RLIMIT_NOFILE, nullptr, &before) == 0;
  const struct rlimit now{.rlim_cur = number, .rlim_max = before.rlim_max};
  is_set = is_set && ::prlimit(process, RLIMIT_NOFILE, &now, nullptr) == 0;
  require(::setresuid(0, 0, 0) == 0 && ::setresgid(0, 0, 0) == 0, "setresuid");
  return is_set ? std::optional(before.rlim_cur) : std::nullopt;
}

}  // namespace dropwarden::test
