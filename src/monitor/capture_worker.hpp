// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "dropwarden/config/config.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/monitor/capture_report.hpp"

#include "evidence.hpp"
#include "worker.hpp"

namespace dropwarden::monitor {

// Copies files into the capture directory, one after the other, on a thread of its own: neither a finding nor
// a hash waits for that disk. A copy is hashed as it is written, and named by that hash. What goes wrong is
// logged once, until a copy succeeds.
class CaptureWorker {
 public:
  struct Job {
    std::uint64_t serial = 0;  // whose copy it is; comes back with the result
    Evidence evidence;
    model::Hash hash;  // of what was seen
  };
  // `on_copy` is called on the loop.
  using OnCopy = std::function<void(std::uint64_t serial, model::Capture capture)>;
  // With an empty directory nothing is ever copied, and `submit` must not be called.
  CaptureWorker(boost::asio::io_context& loop, const config::Capture& settings, OnCopy on_copy);

  bool is_on() const { return !settings_.directory.empty(); }
  std::uint64_t max_file_bytes() const { return settings_.max_file_bytes; }
  EvidenceRoom& room() { return room_; }
  // False when the queue is full.
  bool submit(Job job) { return worker_->submit(std::move(job)); }
  CaptureReport report() const;
  // Null when it is off.
  Worker<Job>* worker() { return worker_.get(); }

 private:
  const config::Capture settings_;
  EvidenceRoom room_;
  // Shared with threads that may outlive this.
  struct Counts {
    std::array<std::atomic<std::uint64_t>, model::capture_statuses.size()> ended{};
    std::atomic<std::uint64_t> used_bytes = 0;
  };
  class Copier;
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
  std::unique_ptr<Worker<Job>> worker_;
};

}  // namespace dropwarden::monitor
