// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dropwarden/model/container.hpp"
#include "dropwarden/model/signature.hpp"
#include "dropwarden/policy/policy.hpp"

namespace dropwarden::policy {

// A token bucket for each container and severity: a flood of what is harmless must not hold back what is
// not. One thread.
class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;
  // What was held back of one container and severity since the last summary.
  struct Held {
    model::Container container;  // as it was known at the last of them
    model::Severity severity = model::Severity::info;
    std::uint64_t count = 0;
  };

  // From now on; what is held back already stays so.
  void set_rate(const Rate& rate) { rate_ = rate; }

  // Whether one more may be shown; else it counts as held back.
  bool take(const model::Container& container, model::Severity severity, Clock::time_point now);
  // What was held back before this began and is in no summary. That of it is due at once.
  void restore(const Held& held, Clock::time_point now);
  // When the next summary is due; nothing: none is.
  std::optional<Clock::time_point> next_summary() const { return next_; }
  // What is due. It is handed over, and counting begins anew.
  std::vector<Held> take_summaries(Clock::time_point now);

  // Beyond, those that have held back nothing begin anew with a full bucket, the fullest first.
  static constexpr std::size_t max_buckets = 16'384;

 private:
  struct Bucket {
    double tokens = 0;
    Clock::time_point filled;
    std::optional<Clock::time_point> due;
    Held held;
  };
  using Key = std::pair<std::string, model::Severity>;

  Bucket& bucket_of(const Key& key, Clock::time_point now);
  void fill(Bucket& bucket, Clock::time_point now) const;
  void make_room(Clock::time_point now);

  Rate rate_;
  std::map<Key, Bucket> buckets_;
  std::optional<Clock::time_point> next_;  // the earliest `due`
};

}  // namespace dropwarden::policy
