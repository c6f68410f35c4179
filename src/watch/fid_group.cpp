// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/fid_group.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dropwarden/sys/descriptor.hpp"
#include "dropwarden/sys/fanotify_abi.hpp"

// Owns the group. Its records name files and hold none: nothing of a container is pinned, queued or read.
namespace dropwarden::watch {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

// Some 250 records; each is 100 bytes and a name.
constexpr std::size_t buffer_bytes = std::size_t{32} << 10U;
constexpr int max_reads_in_a_row = 16;

}  // namespace

struct FidGroup::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& context, std::chrono::milliseconds pause, Handler callbacks)
      : loop(context), group(context), timer(context), rest(pause), handler(std::move(callbacks)) {}

  void wait();
  void pause();
  void read_on();
  void stop();
  void drain_and_close();
  void close();
  void fail(sys::Error error);
  std::size_t read_once();
  void hand_on(std::span<const std::byte> bytes);

  enum class Phase { open, stopping, closed };

  boost::asio::io_context& loop;
  Descriptor group;
  boost::asio::steady_timer timer;
  const std::chrono::milliseconds rest;
  const Handler handler;
  Phase phase = Phase::open;
  bool is_reading = false;  // a callback may be on the stack
  alignas(struct fanotify_event_metadata) std::array<std::byte, buffer_bytes> buffer;
};

void FidGroup::State::wait() {
  group.async_wait(
      Descriptor::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
        if (self->phase != Phase::open) return;
        if (error) return self->fail({.call = "epoll", .object = "fanotify group", .number = error.value()});
        self->pause();
      });
}

void FidGroup::State::pause() {
  if (rest.count() == 0) return read_on();
  timer.expires_after(rest);
  timer.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (!cancelled && self->phase == Phase::open) self->read_on();
  });
}

void FidGroup::State::read_on() {
  is_reading = true;
  bool is_empty = false;
  for (int i = 0; i < max_reads_in_a_row && phase == Phase::open && !is_empty; ++i)
    is_empty = read_once() == 0;
  if (is_empty && phase == Phase::open) handler.on_rest();
  is_reading = false;
  if (phase == Phase::stopping) return drain_and_close();
  if (phase == Phase::closed) return;
  if (is_empty) return wait();
  boost::asio::post(loop, [self = shared_from_this()] {
    if (self->phase == Phase::open) self->read_on();
  });
}

// One read(2) handed on. Its bytes, 0 when the queue was empty or the group has ended.
std::size_t FidGroup::State::read_once() {
  auto got = sys::read_some(group.native_handle(), buffer);
  if (got && *got > 0) {
    hand_on(std::span(buffer).first(*got));
    return *got;
  }
  if (got) {
    fail({.call = "read", .object = "fanotify group: end of file", .number = EIO});
  } else if (got.error().number != EAGAIN) {
    fail(std::move(got.error()));
  }
  return 0;
}

void FidGroup::State::hand_on(std::span<const std::byte> bytes) {
  FidDecoder decoder(bytes);
  while (const auto event = decoder.next()) {
    if (phase == Phase::closed) return;
    if (event->is_overflow) {
      handler.on_loss(model::Loss::queue_overflow);
    } else {
      handler.on_event(*event);
    }
  }
  if (decoder.is_malformed() && phase != Phase::closed) handler.on_loss(model::Loss::malformed_event);
}

void FidGroup::State::stop() {
  if (phase != Phase::open) return;
  phase = Phase::stopping;
  if (!is_reading) drain_and_close();
}

// Only what is queued now: a container that goes on writing must not keep us from ending.
void FidGroup::State::drain_and_close() {
  std::size_t left = sys::read_queued_bytes(group.native_handle()).value_or(0);
  is_reading = true;
  while (left > 0 && phase == Phase::stopping) {
    const std::size_t taken = read_once();
    left = taken == 0 ? 0 : left - std::min(left, taken);
  }
  if (phase == Phase::stopping) handler.on_rest();
  is_reading = false;
  close();
}

void FidGroup::State::close() {
  phase = Phase::closed;
  timer.cancel();
  boost::system::error_code ignored;
  if (group.is_open()) group.close(ignored);
}

void FidGroup::State::fail(sys::Error error) {
  if (phase == Phase::closed) return;
  close();
  handler.on_failure(std::move(error));
}

FidGroup::FidGroup(boost::asio::io_context& loop, sys::Fd group, std::chrono::milliseconds rest,
                   Handler handler)
    : state_(std::make_shared<State>(loop, rest, std::move(handler))) {
  state_->group.assign(group.number());
  group.release();
}

FidGroup::~FidGroup() {
  state_->close();
}

void FidGroup::start() {
  state_->wait();
}

void FidGroup::stop() {
  const auto state = state_;  // lives through a callback that destroys the group
  state->stop();
}

int FidGroup::descriptor() const {
  return state_->group.native_handle();
}

}  // namespace dropwarden::watch
