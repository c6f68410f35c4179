// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "dropwarden/container/hierarchy.hpp"
#include "dropwarden/model/ids.hpp"
#include "dropwarden/model/process.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "worker.hpp"

namespace dropwarden::monitor {

// Reads who closed a file, on a thread of its own: /proc/PID/cmdline reads the memory of that process, which
// it can make slow (userfaultfd(2)), and the loop must not wait for what it watches.
class ProcessReader {
 public:
  struct Answer {
    model::ProcessInfo process;
    std::optional<model::Device> root;  // what its root directory is on, where that was asked for
  };
  // `on_answer` is called on the loop.
  using OnAnswer = std::function<void(std::uint64_t serial, Answer answer)>;
  ProcessReader(boost::asio::io_context& loop, privilege::Privilege& privilege, OnAnswer on_answer);

  // A first look, on the caller's thread.
  model::ProcessInfo glimpse(model::Pid pid) const;
  // False when the queue is full. `serial` comes back with the answer.
  bool submit(std::uint64_t serial, model::Pid pid, bool wants_root) {
    return worker_.submit({serial, pid, wants_root});
  }

 private:
  privilege::Privilege& privilege_;
  const std::vector<container::Hierarchy> hierarchies_;
  struct Job {
    std::uint64_t serial = 0;
    model::Pid pid;
    bool wants_root = false;
  };
  Worker<Job> worker_;

 public:
  Worker<Job>& worker() { return worker_; }
};

}  // namespace dropwarden::monitor
