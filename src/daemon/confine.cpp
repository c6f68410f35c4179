// SPDX-License-Identifier: Apache-2.0
#include "confine.hpp"

#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include <spdlog/spdlog.h>

#include "grants.hpp"

namespace dropwarden::daemon {
namespace {

void enter_and_say(sandbox::Profile profile, const sandbox::Options& options) {
  const auto state = sys::value_or_throw(sandbox::enter(profile, options));
  if (!state.landlock_problem.empty())
    spdlog::info("the {} goes without Landlock: {}", name_of(profile), state.landlock_problem);
  if (state.enforcement != sandbox::Enforcement::enforce)
    spdlog::warn("the {} is not confined: --sandbox {}", name_of(profile), name_of(state.enforcement));
}

// systemd's, in the abstract namespace (sd_notify(3)).
bool notifies_abstract_socket() {
  const char* const socket = std::getenv("NOTIFY_SOCKET");
  return socket != nullptr && socket[0] == '@';
}

}  // namespace

void confine_marker(sandbox::Enforcement enforcement) {
  enter_and_say(sandbox::Profile::marker, {.enforcement = enforcement, .writable = {}});
}

void confine_monitor(sandbox::Enforcement enforcement, const privilege::Grants& grants) {
  // A name server may want to be asked by TCP (RFC 7766).
  constexpr std::uint16_t domain = 53;
  sandbox::Options options{.enforcement = enforcement,
                           .writable = writable_directories(grants),
                           .has_abstract_sockets = notifies_abstract_socket(),
                           .network = sandbox::Network::none,
                           .tcp_ports = grants.outputs.tcp_ports};
  if (grants.outputs.has_network) {
    options.network = sandbox::Network::outputs;
    options.tcp_ports.push_back(domain);
  }
  enter_and_say(sandbox::Profile::monitor, options);
}

}  // namespace dropwarden::daemon
