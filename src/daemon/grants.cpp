// SPDX-License-Identifier: Apache-2.0
#include "grants.hpp"

#include <cstdio>
#include <sys/wait.h>
#include <unistd.h>

#include "dropwarden/config/config.hpp"
#include "dropwarden/privilege/channel.hpp"
#include "dropwarden/privilege/link.hpp"

#include "load_config.hpp"

namespace dropwarden::daemon {
namespace {

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? std::string{} : path.substr(0, slash);
}

privilege::Grants grants_of(const config::Config& config) {
  privilege::Grants grants{.runtimes = {},
                           .control_socket = config.control.socket,
                           .store = config.store.path,
                           .metrics = config.metrics.listen,
                           .own_directory = directory_of(config.control.socket)};
  for (const auto& runtime : config.runtimes.sockets) {
    const bool is_docker = runtime.type == config::RuntimeType::docker;
    grants.runtimes.push_back(
        {.socket = runtime.socket,
         .protocol = is_docker ? privilege::RuntimeProtocol::docker : privilege::RuntimeProtocol::grpc});
  }
  return grants;
}

[[noreturn]] void read(int answer, const std::string& configuration, bool is_asked_for, const User& user,
                       pid_t parent, Complaints complaints) {
  try {
    const auto direct = privilege::make_direct({.configuration = configuration});
    const auto opened = open_config(*direct);
    become_monitor(user, parent);
    const auto config = read_config_file(opened, configuration, is_asked_for);
    const auto sent = privilege::send_link(
        answer, {.kind = privilege::LinkKind::grants, .number = 0, .grants = grants_of(config), .lanes = {}});
    ::_exit(sent ? 0 : 1);
  } catch (const std::exception& error) {
    if (complaints == Complaints::printed) std::fprintf(stderr, "%s\n", error.what());
  }
  ::_exit(1);
}

}  // namespace

std::optional<privilege::Grants> read_grants(const std::string& configuration, bool is_asked_for,
                                             const User& user, Complaints complaints) {
  auto [own, its] = privilege::open_lane();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw sys::SystemError(sys::last_error("fork"));
  if (child == 0) {
    close_others({its.number()});
    read(its.number(), configuration, is_asked_for, user, parent, complaints);
  }
  its.reset();
  auto answer = privilege::receive_link(own.number());
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!answer || answer->kind != privilege::LinkKind::grants) return std::nullopt;
  return std::move(answer->grants);
}

}  // namespace dropwarden::daemon
