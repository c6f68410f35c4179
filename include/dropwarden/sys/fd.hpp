// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

namespace dropwarden::sys {

// Owns one file descriptor and closes it. Moves, never copies. Everything in this project that opens a
// descriptor returns it as an Fd, close-on-exec from birth.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  // -1 when nothing is owned.
  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

  // Gives the descriptor away; the caller closes it.
  int release() { return std::exchange(number_, -1); }
  void reset();

 private:
  int number_ = -1;
};

}  // namespace dropwarden::sys
