// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

#include <boost/asio/io_context.hpp>

#include "dropwarden/attribute/hash.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/sys/fd.hpp"

#include "evidence.hpp"
#include "worker.hpp"

namespace dropwarden::monitor {

// Hashes files that are too large for the event loop, one after the other, on a thread of its own. Owns the
// descriptors it was given until they are hashed.
class HashWorker {
 public:
  using Clock = std::chrono::steady_clock;
  struct Job {
    std::uint64_t serial = 0;  // whose hash it is; comes back with the result
    sys::Fd file;
    std::uint64_t size = 0;
    std::uint64_t max_bytes = 0;  // beyond, it is too large
    // An event's own descriptor pins the container's mount: such a job is given up at this time.
    std::optional<Clock::time_point> give_up;
    // The ctime had moved on before the file was opened for this: what is read may have come later.
    bool is_later = false;
    // Room for evidence, where that is wanted: the file itself, or the bytes of one that pins the mount.
    std::optional<EvidenceRoom::Place> place{};
  };
  struct Result {
    model::Hash hash;
    std::optional<Evidence> evidence{};
  };
  // `on_hash` is called on the loop.
  using OnHash = std::function<void(std::uint64_t serial, Result result)>;
  HashWorker(boost::asio::io_context& loop, OnHash on_hash);

  // False when the queue is full.
  bool submit(Job job);
  // Descriptors of events that are held now.
  int pinned() const { return pinned_; }
  Worker<Job>& worker() { return worker_; }

 private:
  static Result run(Job job, const std::stop_token& stop);
  static model::Hash hash(const Job& job, const std::stop_token& stop, const attribute::OnChunk& on_chunk);

  std::atomic<int> pinned_{0};
  Worker<Job> worker_;
};

}  // namespace dropwarden::monitor
