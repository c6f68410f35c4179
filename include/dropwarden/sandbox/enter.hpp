// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/sandbox/profile.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::sandbox {

// `log`: what would be refused is allowed, and the kernel logs it (seccomp(2), SECCOMP_RET_LOG); no Landlock.
enum class Enforcement { enforce, log, off };
const char* name_of(Enforcement enforcement);
std::optional<Enforcement> parse_enforcement(std::string_view word);

struct Options {
  Enforcement enforcement = Enforcement::enforce;
  // Directories of the monitor in which regular files and directories may be made, written and removed. What
  // is not there when the sandbox is entered is left out. For the marker there is no Landlock: a process that
  // has any rule of it may not mount, nor look into /proc/PID/root of a process that has none (landlock(7)).
  std::vector<std::string> writable;
  bool has_abstract_sockets = false;  // may connect to abstract Unix sockets outside the sandbox
  Network network = Network::none;
  std::vector<std::uint16_t> tcp_ports{};  // to which it may connect, where it has a network
};

// What confines the calling process.
struct State {
  Enforcement enforcement = Enforcement::off;
  // The version of Landlock's interface that was made use of; 0: none.
  int landlock_abi = 0;
  std::string landlock_problem;  // why there is none though it was wanted
  // What is allowed, where something is enforced.
  std::vector<std::string> writable{};
  Network network = Network::none;
  std::vector<std::uint16_t> tcp_ports{};

  // Whether this process may make files in the directory itself, which has no link on its path.
  bool may_write_in(const std::string& directory) const;
  // Whether it may have sockets of the Internet, and connect one to a TCP port.
  bool may_use_network() const;
  bool may_connect_to(std::uint16_t tcp_port) const;
};

// Confines the calling process for good: no new privileges (PR_SET_NO_NEW_PRIVS), Landlock where the kernel
// has it, then the seccomp filter of `profile` on all its threads. To be called before it has started any
// thread, as Landlock covers the calling thread alone and those that it starts later.
//
// An error when the kernel takes no filter: the process is not confined then, and should not go on. Without
// Landlock it goes on, and `landlock_problem` says why. `Enforcement::off` does nothing.
sys::Result<State> enter(Profile profile, const Options& options);

// What `enter` has done in this process.
const State& state();

// The version of Landlock's interface that this kernel offers; an error where it has none (ENOSYS), or where
// it was not enabled at boot (EOPNOTSUPP).
sys::Result<int> read_landlock_abi();

// Calls that the filter has refused to this process since it entered the sandbox. Each is said on standard
// error when it is refused for the first time. Any thread.
struct RefusedCall {
  std::string name;  // or its number
  std::uint64_t count = 0;
};
std::vector<RefusedCall> refused_calls();

}  // namespace dropwarden::sandbox
