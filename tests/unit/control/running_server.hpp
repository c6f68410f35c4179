// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "dropwarden/control/server.hpp"

#include "support/temporary_directory.hpp"

namespace dropwarden::control {

// A server in a directory of its own, its loop on a thread of its own.
class RunningServer {
 public:
  explicit RunningServer(std::map<std::string, Handler> handlers, ServerLimits limits = {}) {
    lock_.emplace(path_);
    server_.emplace(loop_, open_listener(*lock_), std::move(handlers), limits);
    thread_ = std::thread([this] { loop_.run(); });
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer() { stop(); }

  void stop() {
    if (!thread_.joinable()) return;
    boost::asio::post(loop_, [this] { server_.reset(); });
    thread_.join();  // nothing is left to wait for, or this hangs
    remove_listener(*lock_);
    lock_.reset();
  }

  const std::string& path() const { return path_; }

 private:
  test::TemporaryDirectory directory_;
  std::string path_ = directory_.path() / "control.sock";
  boost::asio::io_context loop_;
  std::optional<InstanceLock> lock_;
  std::optional<Server> server_;
  std::thread thread_;
};

}  // namespace dropwarden::control
