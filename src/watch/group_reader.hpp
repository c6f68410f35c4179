// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::watch {

// When an fanotify group is read, whatever its records are: as soon as it has some, a bounded number of reads
// before the rest of the loop has its turn, or a part of one where handing on takes long, and at the end what
// is queued then. Owns the group's descriptor.
// Loop's thread only; kept alive by its own waits, so that a callback may drop it.
class GroupReader : public std::enable_shared_from_this<GroupReader> {
 public:
  using OnFailure = std::function<void(sys::Error)>;
  // Throws boost::system::system_error when `group` cannot be polled. The loop outlives the reader.
  GroupReader(boost::asio::io_context& loop, sys::Fd group, OnFailure on_failure);
  virtual ~GroupReader() = default;
  GroupReader(const GroupReader&) = delete;
  GroupReader& operator=(const GroupReader&) = delete;

  void start() { wait(); }
  // Cancels the wait, hands on what is queued now and closes the group, which removes its marks. From within
  // a callback it returns at once, and the rest is handed on after that callback.
  void stop();
  // Without handing on.
  void close();
  // How many turns of reading there were.
  std::uint64_t reads() const { return reads_; }
  // Reads what is queued now, whether or not the kernel has said that there is something.
  void poke() {
    if (phase_ == Phase::open && !is_reading_) read_on();
  }
  // -1 once closed.
  int descriptor() { return group_.native_handle(); }

 protected:
  // What one read(2) took.
  struct Taken {
    std::size_t bytes = 0;  // that the queue is shorter by
    // The queue was empty then, or the group has ended. What has come since is left for another turn: who
    // reads until there is nothing meets a busy writer at its queue, record by record, at the cost of both.
    bool is_all = true;
  };
  // Hands on what one read(2) gives, or leaves some of it to the next turn where this one is over. May call a
  // handler that stops or closes the reader.
  virtual Taken read_once() = 0;
  // Whether something is left of the last read; hands on what is, as `read_once` does. Of a reader that is
  // closed that is only given up.
  virtual bool has_left() const { return false; }
  virtual void hand_on_left() {}
  // Whether the rest of the loop has waited for long. Never of one that is stopping, which hands on all.
  bool is_turn_over() const { return is_open() && std::chrono::steady_clock::now() >= turn_end_; }
  // There is something to read.
  virtual void on_readable() { read_on(); }
  // All that was queued has been handed on.
  virtual void on_rest() {}

  void read_on();
  // Ends the group, and says why, once.
  void fail(sys::Error error);
  boost::asio::io_context& loop() { return loop_; }
  bool is_open() const { return phase_ == Phase::open; }
  bool is_closed() const { return phase_ == Phase::closed; }

 private:
  enum class Phase { open, stopping, closed };

  void wait();
  void drain_and_close();

  boost::asio::io_context& loop_;
  boost::asio::posix::stream_descriptor group_;
  const OnFailure on_failure_;
  Phase phase_ = Phase::open;
  std::uint64_t reads_ = 0;
  std::chrono::steady_clock::time_point turn_end_;
  bool is_reading_ = false;  // a callback may be on the stack
};

}  // namespace dropwarden::watch
