// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sandbox/enter.hpp"

#include <algorithm>
#include <sys/prctl.h>

#include "filter.hpp"
#include "landlock.hpp"
#include "refused_calls.hpp"

namespace dropwarden::sandbox {
namespace {

State& own_state() {
  static State own;
  return own;
}

void restrict_files(const Options& options, State& state) {
  const bool has_network = options.network == Network::outputs;
  const auto version =
      restrict_by_landlock({.writable = options.writable,
                            .has_abstract_sockets = options.has_abstract_sockets,
                            .tcp_ports = has_network ? options.tcp_ports : std::vector<std::uint16_t>{}});
  if (version) {
    state.landlock_abi = *version;
  } else {
    state.landlock_problem = version.error().text();
  }
}

}  // namespace

const char* name_of(Enforcement enforcement) {
  switch (enforcement) {
    case Enforcement::enforce:
      return "enforce";
    case Enforcement::log:
      return "log";
    case Enforcement::off:
      break;
  }
  return "off";
}

std::optional<Enforcement> parse_enforcement(std::string_view word) {
  for (const auto enforcement : {Enforcement::enforce, Enforcement::log, Enforcement::off}) {
    if (word == name_of(enforcement)) return enforcement;
  }
  return std::nullopt;
}

bool State::may_write_in(const std::string& directory) const {
  return landlock_abi == 0 || std::ranges::find(writable, directory) != writable.end();
}

bool State::may_use_network() const {
  return enforcement != Enforcement::enforce || network == Network::outputs;
}

bool State::may_connect_to(std::uint16_t tcp_port) const {
  if (!may_use_network()) return false;
  return landlock_abi < landlock_with_ports || std::ranges::find(tcp_ports, tcp_port) != tcp_ports.end();
}

sys::Result<State> enter(Profile profile, const Options& options) {
  State state{.enforcement = options.enforcement,
              .landlock_abi = 0,
              .landlock_problem = {},
              .writable = options.writable,
              .network = options.network,
              .tcp_ports = options.tcp_ports};
  if (options.enforcement == Enforcement::off) return own_state() = state;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return sys::unexpected_errno("prctl", "PR_SET_NO_NEW_PRIVS");
  if (options.enforcement == Enforcement::enforce) {
    // A process with any rule of Landlock's may not mount, nor look into /proc/PID/root of one without.
    if (profile == Profile::monitor) restrict_files(options, state);
    if (auto handled = handle_refused_calls(profile); !handled)
      return std::unexpected(std::move(handled.error()));
  }
  if (auto loaded = load_filter(profile, options.network, options.enforcement); !loaded)
    return std::unexpected(std::move(loaded.error()));
  return own_state() = state;
}

const State& state() {
  return own_state();
}

}  // namespace dropwarden::sandbox
