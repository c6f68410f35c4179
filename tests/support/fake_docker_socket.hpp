// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::test {

// What a Docker API says of a running container.
struct ToldContainer {
  std::string id;  // 64 hexadecimal digits
  std::string upperdir;
  int first_process = 0;
  std::string state = "running";
};

// Listens on a unix socket in place of dockerd, and says whatever the test likes. Listens once the
// constructor has returned; gone after the destructor.
class FakeDockerSocket {
 public:
  // Throws sys::SystemError.
  explicit FakeDockerSocket(std::string path);
  ~FakeDockerSocket();
  FakeDockerSocket(const FakeDockerSocket&) = delete;
  FakeDockerSocket& operator=(const FakeDockerSocket&) = delete;

  const std::string& path() const { return path_; }
  // In the place of what was told of it before, with an event to whoever listens.
  void tell(const ToldContainer& container);
  // How often that container was asked about.
  unsigned times_asked(const std::string& id) const;

 private:
  void serve(const std::stop_token& stop);
  // False: and then hangs up.
  bool answer(int connection, const std::string& target);
  std::string list() const;

  std::string path_;
  sys::Fd listener_;
  mutable std::mutex mutex_;
  std::map<std::string, ToldContainer> told_;
  std::map<std::string, unsigned> asked_;
  std::vector<std::string> events_;  // that nobody was told of yet
  std::vector<int> listeners_;       // connections that events go to; the thread's own
  std::jthread thread_;
};

}  // namespace dropwarden::test
