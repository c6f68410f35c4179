// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <thread>
#include <utility>

#include "dropwarden/util/bounded_queue.hpp"

namespace dropwarden::monitor {

// A thread that handles jobs in their order, for what the loop must not wait for. Owns a job until it is
// handled. Ends by giving up what is queued.
template <class Job>
class Worker {
 public:
  using Handle = std::function<void(Job, const std::stop_token&)>;

  Worker(std::size_t capacity, Handle handle)
      : jobs_(capacity),
        handle_(std::move(handle)),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}
  ~Worker() {
    thread_.request_stop();
    jobs_.close();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // False when the queue is full.
  bool submit(Job job) { return jobs_.try_push(std::move(job)); }

 private:
  void run(const std::stop_token& stop) {
    while (auto job = jobs_.pop()) {
      if (stop.stop_requested()) return;
      handle_(std::move(*job), stop);
    }
  }

  util::BoundedQueue<Job> jobs_;
  Handle handle_;
  std::jthread thread_;
};

}  // namespace dropwarden::monitor
