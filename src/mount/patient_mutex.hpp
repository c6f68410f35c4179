// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace dropwarden::mount {

// What std::unique_lock needs of a mutex to wait for it a while. std::timed_mutex does that by
// pthread_mutex_clocklock(3), which the ThreadSanitizer of GCC 12 does not see: it reports each unlock, and
// then races of what the lock protects.
class PatientMutex {
 public:
  bool try_lock_for(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (!is_free_.wait_for(lock, patience, [this] { return !is_locked_; })) return false;
    is_locked_ = true;
    return true;
  }

  void unlock() {
    {
      const std::lock_guard lock(mutex_);
      is_locked_ = false;
    }
    is_free_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable is_free_;
  bool is_locked_ = false;
};

}  // namespace dropwarden::mount
