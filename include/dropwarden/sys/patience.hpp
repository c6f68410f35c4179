// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <string_view>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::sys {

// Waits for descriptors, and can be told to stop that. Owns the event by which it is told. One thread, save
// `end`.
class Patience {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // Throws SystemError when there are no descriptors left.
  Patience();

  // Until `fd` has one of `events` (poll(2)), or an error or the end of its peer to tell. ETIMEDOUT,
  // ECANCELED. `object` is for the error.
  Result<short> wait(int fd, short events, Deadline deadline, std::string_view object);
  // From now on nothing waits. Any thread.
  void end();
  bool is_ended() const { return is_ended_; }

 private:
  const Fd ended_;
  std::atomic<bool> is_ended_{false};
};

// For a non-blocking stream socket. ETIMEDOUT when the other end has taken nothing for the time of `stall`,
// by what is left to take (SIOCOUTQ: unix(7), tcp(7)); as long as it takes something, neither ends by the
// clock.
//
// Writes all of `bytes`.
Result<void> send_patiently(Patience& patience, int socket, std::string_view bytes,
                            std::chrono::milliseconds stall, std::string_view object);
// Waits until the other end has all that was sent: of a unix socket its reader, of TCP its kernel. ECONNRESET
// when it has closed the connection before.
Result<void> await_taken(Patience& patience, int socket, std::chrono::milliseconds stall,
                         std::string_view object);

}  // namespace dropwarden::sys
