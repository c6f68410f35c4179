// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::privilege {

// What Privilege::open_canary and write_canary promise. Owns one descriptor: the top of an overlay whose
// mount namespace has ended, which is all that keeps it. However this process ends, nothing of it stays. Any
// thread.
class CanaryOverlay {
 public:
  // `place` is a directory that is there on every machine.
  sys::Result<RootIdentity> open(int group, std::uint64_t mask, const std::string& place);
  sys::Result<void> write(std::uint64_t number);

 private:
  std::mutex mutex_;
  sys::Fd top_;
};

}  // namespace dropwarden::privilege
