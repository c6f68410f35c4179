// SPDX-License-Identifier: Apache-2.0
#include "group_reader.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "dropwarden/sys/descriptor.hpp"

namespace dropwarden::watch {
namespace {

// Then the rest of the loop has its turn: some 5000 records, a few 10 ms with a header read each, ...
constexpr int max_reads_in_a_row = 16;
// ... or fewer, where each is a program, whose writer and bytes are looked at: some 2 s of such, of which a
// busy machine makes more than the watchdog waits. A read alone gives 341 records, of which a container
// chooses what each leads to.
constexpr std::chrono::milliseconds long_turn{20};

}  // namespace

GroupReader::GroupReader(boost::asio::io_context& loop, sys::Fd group, OnFailure on_failure)
    : loop_(loop), group_(loop), on_failure_(std::move(on_failure)) {
  group_.assign(group.number());
  group.release();
}

void GroupReader::wait() {
  group_.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      [self = shared_from_this()](const boost::system::error_code& error) {
        if (self->phase_ != Phase::open) return;
        if (error) return self->fail({.call = "epoll", .object = "fanotify group", .number = error.value()});
        self->on_readable();
      });
}

void GroupReader::read_on() {
  is_reading_ = true;
  ++reads_;
  turn_end_ = std::chrono::steady_clock::now() + long_turn;
  hand_on_left();
  bool is_empty = false;
  for (int i = 0; i < max_reads_in_a_row && phase_ == Phase::open && !is_empty && !is_turn_over(); ++i)
    is_empty = read_once().is_all;
  is_empty = is_empty && !has_left();
  if (is_empty && phase_ == Phase::open) on_rest();
  is_reading_ = false;
  if (phase_ == Phase::stopping) return drain_and_close();
  if (phase_ == Phase::closed) return;
  if (is_empty) return wait();
  boost::asio::post(loop_, [self = shared_from_this()] {
    if (self->phase_ == Phase::open) self->read_on();
  });
}

void GroupReader::stop() {
  if (phase_ != Phase::open) return;
  phase_ = Phase::stopping;
  if (!is_reading_) drain_and_close();
}

// Only what is queued now: a container that goes on writing must not keep us from ending.
void GroupReader::drain_and_close() {
  std::size_t left = sys::read_queued_bytes(group_.native_handle()).value_or(0);
  is_reading_ = true;
  hand_on_left();
  while (left > 0 && phase_ == Phase::stopping) {
    const std::size_t taken = read_once().bytes;
    left = taken == 0 ? 0 : left - std::min(left, taken);
  }
  if (phase_ == Phase::stopping) on_rest();
  is_reading_ = false;
  close();
}

void GroupReader::close() {
  phase_ = Phase::closed;
  hand_on_left();
  boost::system::error_code ignored;
  if (group_.is_open()) group_.close(ignored);
}

void GroupReader::fail(sys::Error error) {
  if (phase_ == Phase::closed) return;
  close();
  on_failure_(std::move(error));
}

}  // namespace dropwarden::watch
