// SPDX-License-Identifier: Apache-2.0
#include "hash_worker.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

namespace dropwarden::monitor {
namespace {

constexpr std::size_t capacity = 1024;

}  // namespace

HashWorker::HashWorker(boost::asio::io_context& loop, OnHash on_hash)
    : worker_(capacity, [this, &loop, on_hash = std::move(on_hash)](Job job, Turn& turn) {
        const std::uint64_t serial = job.serial;
        const bool is_pinned = job.give_up.has_value();
        Result result = run(std::move(job), turn.stop());
        if (is_pinned) --pinned_;
        boost::asio::post(loop, [on_hash, serial, result = std::move(result)]() mutable {
          on_hash(serial, std::move(result));
        });
      }) {}

bool HashWorker::submit(Job job) {
  const bool is_pinned = job.give_up.has_value();
  if (is_pinned) ++pinned_;
  const bool is_queued = worker_.submit(std::move(job));
  if (is_pinned && !is_queued) --pinned_;
  return is_queued;
}

// What pins the mount is read to its end or not at all.
HashWorker::Result HashWorker::run(Job job, const std::stop_token& stop) {
  if (!job.place) return {.hash = hash(job, stop, {})};
  if (!job.give_up) {
    Result result{.hash = hash(job, stop, {})};
    result.evidence.emplace(std::move(*job.place), std::vector<std::byte>{}, std::move(job.file), job.size);
    return result;
  }
  EvidenceBytes bytes(job.size);
  Result result{.hash = hash(job, stop, [&bytes](std::uint64_t offset, std::span<const std::byte> chunk) {
                  bytes.add(offset, chunk);
                })};
  if (bytes.is_whole()) result.evidence.emplace(std::move(*job.place), bytes.take(), sys::Fd{}, job.size);
  return result;
}

model::Hash HashWorker::hash(const Job& job, const std::stop_token& stop,
                             const attribute::OnChunk& on_chunk) {
  attribute::HashLimits limits{.max_bytes = job.max_bytes};
  if (job.give_up) {
    const auto left = *job.give_up - Clock::now();
    if (left <= Clock::duration::zero()) return {.value = {}, .status = model::HashStatus::gone};
    limits.max_time = std::min<std::chrono::nanoseconds>(limits.max_time, left);
  }
  model::Hash result = attribute::hash_file(job.file.number(), job.size, limits, stop, on_chunk);
  const bool ran_out = job.give_up && result.status == model::HashStatus::too_large;
  if (ran_out) result.status = model::HashStatus::gone;
  if (job.is_later && result.status == model::HashStatus::done)
    result = {.value = {}, .status = model::HashStatus::changed, .read = std::move(result.value)};
  return result;
}

}  // namespace dropwarden::monitor
