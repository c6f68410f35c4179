// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dropwarden/model/ids.hpp"

namespace dropwarden::watch {

// One record of an fanotify group in descriptor mode, as bytes say it.
struct RawEvent {
  enum class Type {
    file,      // `descriptor` is an open file that the caller now owns
    overflow,  // FAN_Q_OVERFLOW: records were dropped
    // No descriptor; `error` says why: an errno, positive, or 0 for FAN_NOFD, which is also what EPERM looks
    // like.
    open_error,
  };
  Type type = Type::file;
  std::uint64_t mask = 0;
  model::Pid pid;
  int descriptor = -1;
  int error = 0;
};

// Walks a buffer that read(2) filled from a group. Pure; never reads outside `bytes`. When a record is
// malformed (cut, shorter than its own header, of another metadata version), iteration ends and
// `is_malformed` is true: what followed in the buffer is lost, including descriptors that it named.
class Decoder {
 public:
  explicit Decoder(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::optional<RawEvent> next();
  bool is_malformed() const { return is_malformed_; }
  // Whether `next` has come to the end of `bytes`.
  bool is_at_end() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
  bool is_malformed_ = false;
};

}  // namespace dropwarden::watch
