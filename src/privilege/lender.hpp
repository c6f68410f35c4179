// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <mutex>

#include "codec.hpp"

namespace dropwarden::privilege {

// `request` with the numbers of its descriptors in this process instead of themselves, for when the kernel
// lets nobody of this user send any (ETOOMANYREFS). The caller keeps them open until `until`. Pure.
Outgoing tell_numbers(const Outgoing& request, std::chrono::steady_clock::time_point until);

// The process that asks, as its parent introduces it. Any thread.
class Lender {
 public:
  // The marker's end of `open_introduction`; none: nothing can be had by its number.
  explicit Lender(sys::Fd introduction) : introduction_(std::move(introduction)) {}

  // The request that `tell_numbers` was given, with duplicates of the descriptors; any other as it is. EPROTO
  // when it is malformed, else the error of who cannot have one, or has it too late to know what it is.
  sys::Result<Incoming> complete(Incoming request);

 private:
  sys::Result<sys::Fd> duplicate(std::int32_t number);

  std::mutex mutex_;
  sys::Fd introduction_;
  sys::Fd process_;
};

}  // namespace dropwarden::privilege
