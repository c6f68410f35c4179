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
  // `place` is a directory that is there on every machine. Makes the overlay, for `open` to mark whenever it
  // is called, as long as this process has what that takes: the directory `work` of an overlay has no mode
  // bits, so CAP_DAC_OVERRIDE. What it cannot make now, `open` tries again.
  void prepare(const std::string& place);
  // Without that capability, on the tmpfs alone: it is read by the same way as any overlay.
  sys::Result<RootIdentity> open(int group, std::uint64_t mask, const std::string& place);
  sys::Result<void> write(std::uint64_t number);

 private:
  std::mutex mutex_;
  sys::Fd top_;
  bool is_prepared_ = false;  // for good
};

}  // namespace dropwarden::privilege
