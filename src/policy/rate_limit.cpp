// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/rate_limit.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dropwarden::policy {
namespace {

constexpr double seconds_per_minute = 60;

}  // namespace

bool RateLimit::take(const model::Container& container, model::Severity severity, Clock::time_point now) {
  if (rate_.per_minute == 0) return true;
  Bucket& bucket = bucket_of({container.id.value, severity}, now);
  fill(bucket, now);
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return true;
  }
  if (!bucket.due) bucket.due = now + rate_.summary_interval;
  if (!next_) next_ = bucket.due;
  bucket.held.container = container;
  bucket.held.severity = severity;
  ++bucket.held.count;
  return false;
}

void RateLimit::restore(const Held& held, Clock::time_point now) {
  Bucket& bucket = bucket_of({held.container.id.value, held.severity}, now);
  bucket.due = now;
  next_ = next_ ? std::min(*next_, now) : now;
  const std::uint64_t count = bucket.held.count + held.count;
  bucket.held = held;
  bucket.held.count = count;
}

RateLimit::Bucket& RateLimit::bucket_of(const Key& key, Clock::time_point now) {
  if (const auto known = buckets_.find(key); known != buckets_.end()) return known->second;
  make_room(now);
  const Bucket full{.tokens = static_cast<double>(rate_.burst), .filled = now, .due = {}, .held = {}};
  return buckets_.emplace(key, full).first->second;
}

void RateLimit::fill(Bucket& bucket, Clock::time_point now) const {
  const std::chrono::duration<double> passed = now - bucket.filled;
  const double earned = passed.count() * static_cast<double>(rate_.per_minute) / seconds_per_minute;
  bucket.tokens = std::min(bucket.tokens + earned, static_cast<double>(rate_.burst));
  bucket.filled = now;
}

std::vector<RateLimit::Held> RateLimit::take_summaries(Clock::time_point now) {
  std::vector<Held> due;
  if (!next_ || *next_ > now) return due;
  next_.reset();
  for (auto& [key, bucket] : buckets_) {
    if (!bucket.due) continue;
    if (*bucket.due > now) {
      next_ = next_ ? std::min(*next_, *bucket.due) : *bucket.due;
      continue;
    }
    due.push_back(std::exchange(bucket.held, {}));
    bucket.due.reset();
  }
  return due;
}

// A full bucket is as good as none.
void RateLimit::make_room(Clock::time_point now) {
  if (buckets_.size() < max_buckets) return;
  for (auto at = buckets_.begin(); at != buckets_.end();) {
    fill(at->second, now);
    const bool is_full = !at->second.due && at->second.tokens >= static_cast<double>(rate_.burst);
    at = is_full ? buckets_.erase(at) : std::next(at);
  }
  if (buckets_.size() < max_buckets) return;
  auto oldest = buckets_.end();
  for (auto at = buckets_.begin(); at != buckets_.end(); ++at) {
    const bool is_older = oldest == buckets_.end() || at->second.tokens > oldest->second.tokens;
    if (!at->second.due && is_older) oldest = at;
  }
  if (oldest != buckets_.end()) buckets_.erase(oldest);
}

}  // namespace dropwarden::policy
