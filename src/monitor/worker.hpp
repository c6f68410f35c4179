// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dropwarden/monitor/liveness.hpp"
#include "dropwarden/util/bounded_queue.hpp"

#include "turn.hpp"

namespace dropwarden::monitor {

// A thread that handles jobs in their order, for what the loop must not wait for. Owns a job until it is
// handled. A thread that is stuck in a call, for which there is no other remedy, is left behind with its job
// and another one goes on with the queue. Ends by giving up what is queued. One thread, save where said.
template <class Job>
class Worker {
 public:
  // May call a member of the Worker's owner only as long as its turn is not stopped.
  using Handle = std::function<void(Job, Turn&)>;
  // Called for each thread: what the handle keeps from one job to the next is that thread's alone.
  using MakeHandle = std::function<Handle()>;

  Worker(std::size_t capacity, MakeHandle make_handle)
      : jobs_(std::make_shared<Jobs>(capacity)), make_handle_(std::move(make_handle)) {
    start();
  }
  Worker(std::size_t capacity, Handle handle)
      : Worker(capacity, MakeHandle([handle = std::move(handle)] { return handle; })) {}
  // A thread that does not end within two seconds is left behind: what its handle refers to must then stay.
  ~Worker() {
    finish();
    release(current_);
    for (Thread& thread : stuck_) release(thread);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // False when the queue is full. Any thread.
  bool submit(Job job) { return jobs_->try_push(std::move(job)); }
  // Jobs that no thread has taken. Any thread.
  std::size_t waiting() const { return jobs_->size(); }
  // No jobs are taken any more.
  void stop() {
    jobs_->close();
    current_.turn->request_stop();
  }
  // To be called at regular times. Replaces a thread that has not got on for `limit` calls. True when it was
  // stuck, and is replaced, by this call.
  bool check(unsigned limit) {
    std::erase_if(stuck_, [](Thread& thread) {
      if (!thread.turn->is_done()) return false;
      release(thread);
      return true;
    });
    const auto stall = check_.look(*current_.turn, limit);
    liveness_.is_blind = stall.has_value();
    liveness_.stuck = stuck_.size() + (stall ? 1 : 0);
    if (!stall) return false;
    liveness_.last_stall = stall->text;
    if (stuck_.size() == most_stuck) return false;
    current_.turn->request_stop();
    stuck_.push_back(std::move(current_));
    start();
    check_ = {};
    ++liveness_.replaced;
    liveness_.is_blind = false;
    return true;
  }
  const Liveness& liveness() const { return liveness_; }
  // `stop`, and waits two seconds at most. False when a thread is stuck and goes on referring to what its
  // handle does.
  bool finish() {
    stop();
    const bool has_ended = current_.turn->wait_done(longest_end);
    return has_ended && std::ranges::all_of(stuck_, [](const Thread& t) { return t.turn->is_done(); });
  }

 private:
  using Jobs = util::BoundedQueue<Job>;
  struct Thread {
    std::shared_ptr<Turn> turn;
    std::thread thread;
  };
  static constexpr std::size_t most_stuck = 8;
  static constexpr std::chrono::seconds longest_end{2};

  void start() {
    current_.turn = std::make_shared<Turn>();
    current_.thread = std::thread(run, jobs_, current_.turn, make_handle_());
  }

  static void run(const std::shared_ptr<Jobs>& jobs, const std::shared_ptr<Turn>& turn, Handle handle) {
    while (!turn->is_stopped()) {
      auto job = jobs->pop();
      if (!job || turn->is_stopped()) break;
      turn->begin();
      handle(std::move(*job), *turn);
      turn->end();
    }
    handle = {};
    turn->set_done();
  }

  static void release(Thread& thread) {
    if (!thread.thread.joinable()) return;
    if (thread.turn->is_done()) {
      thread.thread.join();
    } else {
      thread.thread.detach();
    }
  }

  const std::shared_ptr<Jobs> jobs_;
  const MakeHandle make_handle_;
  Thread current_;
  StallCheck check_;
  Liveness liveness_;
  std::vector<Thread> stuck_;
};

}  // namespace dropwarden::monitor
