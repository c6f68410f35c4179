// SPDX-License-Identifier: Apache-2.0
#include "grants.hpp"

#include <cstdio>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

#include "dropwarden/config/config.hpp"
#include "dropwarden/net/web_client.hpp"
#include "dropwarden/privilege/channel.hpp"
#include "dropwarden/privilege/link.hpp"

#include "load_config.hpp"

namespace dropwarden::daemon {
namespace {

void add(privilege::OutputGrants& grants, const config::Output& output) {
  const auto add_network = [&](std::optional<std::uint16_t> tcp_port) {
    grants.has_network = true;
    if (tcp_port) grants.tcp_ports.push_back(*tcp_port);
  };
  for (const std::string* file :
       {&output.ca_file, &output.certificate_file, &output.key_file, &output.headers_file}) {
    if (!file->empty()) grants.readable.push_back(*file);
  }
  switch (output.type) {
    case config::OutputType::file:
      return grants.files.push_back(output.path);
    case config::OutputType::syslog:
      if (output.address.transport == config::SyslogTransport::udp) add_network(std::nullopt);
      if (output.address.transport == config::SyslogTransport::tcp) add_network(output.address.port);
      return;
    case config::OutputType::webhook:
      if (const auto url = net::parse_web_url(output.url)) add_network(url->port);
      return;
    case config::OutputType::standard_output:
    case config::OutputType::unix_socket:
    case config::OutputType::journald:
      return;
  }
}

privilege::Grants grants_of(const config::Config& config) {
  privilege::Grants grants{.runtimes = {},
                           .control_socket = config.control.socket,
                           .store = config.store.path,
                           .captures = config.capture.directory,
                           .metrics = config.metrics.listen,
                           .outputs = {}};
  for (const config::Output& output : config.outputs) add(grants.outputs, output);
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

std::vector<std::string> files_of_monitor(const privilege::Grants& grants) {
  std::vector<std::string> files = grants.outputs.files;
  if (!grants.store.empty()) files.push_back(grants.store);
  return files;
}

std::vector<std::string> writable_directories(const privilege::Grants& grants) {
  std::vector<std::string> directories;
  for (const std::filesystem::path file : files_of_monitor(grants)) directories.push_back(file.parent_path());
  if (!grants.captures.empty()) directories.push_back(grants.captures);
  return directories;
}

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
