// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "dropwarden/container/hierarchy.hpp"
#include "dropwarden/layer/readable_mounts.hpp"
#include "dropwarden/model/ids.hpp"
#include "dropwarden/model/mount.hpp"
#include "dropwarden/model/process.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/fd.hpp"

#include "worker.hpp"

namespace dropwarden::monitor {

// Reads who closed a file, on a thread of its own: /proc/PID/cmdline reads the memory of that process, which
// it can make slow (userfaultfd(2)), and the loop must not wait for what it watches.
class ProcessReader {
 public:
  struct Answer {
    model::ProcessInfo process;
    std::optional<model::Device> root;  // what its root directory is on, where that was asked for
    std::vector<std::string>
        image_programs{};  // of those asked for: the image's, not changed by the container
  };
  // `on_answer` is called on the loop.
  using OnAnswer = std::function<void(std::uint64_t serial, Answer answer)>;
  ProcessReader(boost::asio::io_context& loop, privilege::Privilege& privilege, OnAnswer on_answer);

  // A first look, on the caller's thread.
  model::ProcessInfo glimpse(model::Pid pid) const;
  // The layers of the overlay on which the program of the process lies.
  struct Layers {
    std::shared_ptr<const model::OverlayLayers> layers;
    std::shared_ptr<const layer::ReadableMounts> mounts;
  };
  // Programs of which is asked whether they are the image's own, and the layers that tell.
  struct Programs {
    std::vector<std::string> paths;
    Layers layers;
  };
  // False when the queue is full. `serial` comes back with the answer. `first` is the first look at the
  // process: who writes file after file is not read anew for each while that shows the same program. With
  // `layers`, the answer's `process.program` says what that is to the image.
  bool submit(std::uint64_t serial, const model::ProcessInfo& first, bool wants_root, Layers layers,
              Programs programs) {
    return worker_.submit({.serial = serial,
                           .first = first,
                           .wants_root = wants_root,
                           .layers = std::move(layers),
                           .programs = std::move(programs)});
  }
  // As an answer to `submit` where the thread has just read this very process, else nothing.
  std::optional<Answer> recall(const model::ProcessInfo& first, bool wants_root) const;

 private:
  struct Job {
    std::uint64_t serial = 0;
    model::ProcessInfo first;
    bool wants_root = false;
    Layers layers;
    Programs programs;
  };
  // A process that was read.
  struct Last {
    sys::Fd process;  // its pidfd
    std::chrono::steady_clock::time_point read;
    model::ProcessInfo first;
    Answer answer;
  };

  // On the worker's thread.
  Answer read(const Job& job);
  // Any thread.
  std::shared_ptr<const Last> last() const;
  void set_last(std::shared_ptr<const Last> last);
  static bool is_last(const Last& last, const model::ProcessInfo& first, bool wants_root);
  static bool is_running_same(const Last& last, const model::ProcessInfo& first);
  model::ProgramState judge(const Job& job) const;
  std::vector<std::string> find_programs(const Programs& programs) const;

  privilege::Privilege& privilege_;
  const std::vector<container::Hierarchy> hierarchies_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Last> last_;  // with `mutex_`
  Worker<Job> worker_;

 public:
  Worker<Job>& worker() { return worker_; }
};

}  // namespace dropwarden::monitor
