// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::test {

// Listens on a unix socket in place of a runtime, and never says anything of use. Listens once the
// constructor has returned; gone after the destructor.
class NonsenseServer {
 public:
  enum class Manner {
    mute,      // takes what it is told, and is silent
    noise,     // bytes of no protocol
    endless,   // an answer of HTTP/1.1 without an end, as fast as it is read
    hangs_up,  // in the middle of an answer
    // HTTP/2, as CRI has it, and as fast as it is read:
    frames,           // of all types, with anything in them
    endless_headers,  // of the answer to the first call
    endless_data,     // likewise: a message of 16 MiB, and more
    pings,            // each of which is to be answered; the answers are not read
  };

  // Throws sys::SystemError.
  explicit NonsenseServer(std::string path);
  ~NonsenseServer();
  NonsenseServer(const NonsenseServer&) = delete;
  NonsenseServer& operator=(const NonsenseServer&) = delete;

  const std::string& path() const { return path_; }
  // From the next connection on; those that are open are closed.
  void set_manner(Manner manner);
  // A client has connected since, and spoken.
  bool has_met_a_client() const { return has_met_a_client_; }

 private:
  struct Connection {
    sys::Fd socket;
    bool has_spoken = false;  // the client, and was answered
  };
  void serve(const std::stop_token& stop);
  bool is_kept(Connection& connection, int events, Manner manner, const std::string& more);

  std::string path_;
  sys::Fd listener_;
  std::atomic<Manner> manner_ = Manner::mute;
  std::atomic<bool> has_met_a_client_ = false;
  std::jthread thread_;
};

}  // namespace dropwarden::test
