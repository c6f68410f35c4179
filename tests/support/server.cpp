// SPDX-License-Identifier: Apache-2.0
#include "support/server.hpp"

#include <csignal>
#include <fcntl.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/file.hpp"

#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

bool is_listening(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::length_error("too long for a socket: " + path);
  path.copy(address.sun_path, path.size());
  const sys::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::string end_of(const std::string& text) {
  return text.size() <= 4096 ? text : text.substr(text.size() - 4096);
}

}  // namespace

Server::Server(const ServerSpec& spec)
    : log_(sys::value_or_throw(sys::open_path(spec.log, O_WRONLY | O_CREAT | O_APPEND, 0600))),
      process_(spec.arguments, {log_.number(), log_.number(), spec.environment}) {
  const auto is_settled = [&] { return is_listening(spec.socket) || !process_.is_running(); };
  if (!wait_for(is_settled, 30s) || !process_.is_running()) {
    throw std::runtime_error(spec.arguments[0] + " does not listen on " + spec.socket + ": " +
                             end_of(read_file(spec.log)));
  }
}

void Server::kill() {
  process_.send(SIGKILL);
  process_.wait(20s);
}

// dockerd waits 15 s for containers that do not stop.
Server::~Server() {
  process_.terminate(20s);
}

}  // namespace dropwarden::test
