// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include <boost/asio/io_context.hpp>

#include "dropwarden/model/process.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "worker.hpp"

namespace dropwarden::monitor {

// Reads who closed a file, on a thread of its own: /proc/PID/cmdline reads the memory of that process, which
// it can make slow (userfaultfd(2)), and the loop must not wait for what it watches.
class ProcessReader {
 public:
  // `on_process` is called on the loop.
  using OnProcess = std::function<void(std::uint64_t serial, model::ProcessInfo process)>;
  ProcessReader(boost::asio::io_context& loop, privilege::Privilege& privilege, OnProcess on_process);

  // False when the queue is full. `serial` comes back with the answer.
  bool submit(std::uint64_t serial, model::Pid pid) { return worker_.submit({serial, pid}); }

 private:
  struct Job {
    std::uint64_t serial = 0;
    model::Pid pid;
  };
  Worker<Job> worker_;
};

}  // namespace dropwarden::monitor
