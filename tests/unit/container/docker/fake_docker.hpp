// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::container {

// A Docker Engine API that answers what it is told to, each connection on a thread of its own. Any thread.
class FakeDocker {
 public:
  struct Answer {
    int status = 200;
    std::string body;
  };

  FakeDocker() = default;
  FakeDocker(const FakeDocker&) = delete;
  FakeDocker& operator=(const FakeDocker&) = delete;
  ~FakeDocker();

  // The client's end of a new connection, non-blocking.
  sys::Result<sys::Fd> connect();

  // From now on. Targets that nothing is set for are answered with 404.
  void answer(const std::string& target, Answer answer);
  // Sends the answer for `target` only after `release`.
  void hold(const std::string& target);
  void release(const std::string& target);
  void set_server(const std::string& fields);

  // To every open event stream.
  void emit(const std::string& line);
  void end_streams();

  // Targets in the order of their coming, `/events` and `/containers/json` without their queries.
  std::vector<std::string> requests() const;

 private:
  void serve(int socket);
  void stream(int socket);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string fields_ = "Server: Docker/20.10.24 (linux)\r\n";
  std::map<std::string, Answer> answers_;
  std::map<std::string, bool> held_;
  std::vector<std::string> requests_;
  std::vector<std::string> lines_;
  int streams_ended_ = 0;
  bool is_over_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace dropwarden::container
