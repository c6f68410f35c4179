// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "dropwarden/sys/fd.hpp"

#include "support/fuse_tree.hpp"

namespace dropwarden::test {

// A FUSE file system with one program in it, `/tool`, served by a thread of the process that makes this,
// until it is told to hang: from then on whoever asks it for anything waits, and cannot be killed, until this
// object goes.
class FuseServer {
 public:
  // Why there cannot be one here; empty where there can.
  static std::string missing();

  // `device` is opened in the user namespace that mounts it, or cannot be mounted. Throws sys::SystemError.
  explicit FuseServer(std::string program, const std::string& device = "/dev/fuse");
  // Ends the connection: who waits has an error then.
  ~FuseServer();
  FuseServer(const FuseServer&) = delete;
  FuseServer& operator=(const FuseServer&) = delete;

  // Any process that has the descriptor may mount it, once. Throws sys::SystemError.
  void mount(const std::string& mount_point) const;
  void hang() { hangs_ = true; }
  // Requests that have come since it hangs and are not answered.
  unsigned held() const { return held_; }

 private:
  void serve(const std::stop_token& stop);
  bool answer(const char* request, std::size_t size);
  void abort() const;

  FuseTree tree_;  // the thread's
  sys::Fd device_;
  // Of the connection, as fusectl names it; 0 before it is mounted. Shared with children.
  std::atomic<unsigned>* connection_ = nullptr;
  std::atomic<bool> hangs_ = false;
  std::atomic<unsigned> held_ = 0;
  std::jthread thread_;
};

}  // namespace dropwarden::test
