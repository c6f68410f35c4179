// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dropwarden/sys/fd.hpp"

#include "support/child_process.hpp"

namespace dropwarden::test {

struct ServerSpec {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::string socket;  // path that it listens on
  std::string log;     // file for both of its streams
};

// A daemon that listens on a unix socket: it does once the constructor has returned, and is gone after the
// destructor.
class Server {
 public:
  // Throws std::runtime_error with the end of the log when the daemon ends, or does not listen within 30 s.
  explicit Server(const ServerSpec& spec);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // SIGKILL: it has no time to tidy up. What it started may live on.
  void kill();

 private:
  sys::Fd log_;
  ChildProcess process_;
};

}  // namespace dropwarden::test
