// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/group.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "dropwarden/sys/descriptor.hpp"
#include "dropwarden/sys/fanotify_abi.hpp"
#include "dropwarden/watch/decoder.hpp"

#include "group_reader.hpp"
#include "reading_pace.hpp"

// Owns the group, and each event's descriptor until it is handed on, which is within a turn of the loop or,
// of what such a turn has left of a read, one of the next. Must not keep one: it pins the container's mount.
// Hands each on as a FileEvent.
namespace dropwarden::watch {
namespace {

constexpr std::size_t record_bytes = FAN_EVENT_METADATA_LEN;
// The kernel opens a file for every record that fits: 341 descriptors at most are ours at one time. Whole
// records, so that a short read means an empty queue or a record that was dropped.
constexpr std::size_t buffer_bytes = (std::size_t{8} << 10U) / record_bytes * record_bytes;
// What read(2) says about the group, where all else is about the file of one record (fanotify(7)).
bool is_of_group(int error) {
  return error == EBADF || error == EINVAL || error == EFAULT;
}

model::Loss loss_of(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
      return model::Loss::descriptor_limit;
    case EAGAIN:
      return model::Loss::lease;
    default:
      return model::Loss::open_failed;
  }
}

}  // namespace

bool is_written(const FileEvent& event) {
  return (event.mask & FAN_CLOSE_WRITE) != 0;
}

bool is_executed(const FileEvent& event) {
  return (event.mask & FAN_OPEN_EXEC) != 0;
}

struct Group::State : GroupReader {
  State(boost::asio::io_context& loop, sys::Fd group, bool fd_error, Handler callbacks)
      : GroupReader(loop, std::move(group), callbacks.on_failure),
        timer(loop),
        has_fd_error(fd_error),
        handler(std::move(callbacks)) {}

  void on_readable() override;
  void on_rest() override { pace.end_reading(ReadingPace::Clock::now()); }
  Taken read_once() override;
  Taken take_read_error(sys::Error error);
  bool has_left() const override { return !left.is_at_end(); }
  void hand_on_left() override;
  void hand_on(const RawEvent& event, sys::Fd file) const;

  boost::asio::steady_timer timer;
  ReadingPace pace;
  const bool has_fd_error;
  const Handler handler;
  alignas(struct fanotify_event_metadata) std::array<std::byte, buffer_bytes> buffer;
  Decoder left{{}};  // of what was read, in `buffer`
  std::uint64_t reads_with_records = 0;
};

void Group::State::on_readable() {
  const auto rest = pace.rest_before_reading(ReadingPace::Clock::now());
  if (rest == rest.zero()) return read_on();
  timer.expires_after(rest);
  // Held weakly: a group that has been closed is not kept for the rest of the pause.
  timer.async_wait([self = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto state = std::static_pointer_cast<State>(self.lock());
    if (!cancelled && state && state->is_open()) state->read_on();
  });
}

GroupReader::Taken Group::State::read_once() {
  std::size_t expected = 0;
  if (!has_fd_error) {
    // Before FAN_REPORT_FD_ERROR (Linux 6.13) a record whose file the kernel cannot open is dropped: as an
    // error of read(2), which for a lease is the one that an empty queue gives, or behind other records as a
    // mere short read.
    const auto queued = sys::read_queued_bytes(descriptor());
    if (!queued) {
      fail(queued.error());
      return {};
    }
    if (*queued == 0) return {};
    expected = std::min(*queued, buffer_bytes);
  }
  auto got = sys::read_some(descriptor(), buffer);
  if (!got) return take_read_error(std::move(got.error()));
  if (*got == 0) {
    fail({.call = "read", .object = "fanotify group: end of file", .number = EIO});
    return {};
  }
  pace.add(*got / record_bytes);
  ++reads_with_records;
  left = Decoder(std::span(buffer).first(*got));
  hand_on_left();
  if (*got >= expected) return {.bytes = *got, .is_all = *got < buffer_bytes};
  // The read ended at the one record that was dropped; what is behind it is still queued.
  if (!is_closed()) handler.on_loss(model::Loss::open_failed, model::Pid{0}, 0);
  return {.bytes = *got + record_bytes, .is_all = false};
}

GroupReader::Taken Group::State::take_read_error(sys::Error error) {
  const bool was_empty = has_fd_error && error.number == EAGAIN;
  if (was_empty) return {};
  if (is_of_group(error.number)) {
    fail(std::move(error));
    return {};
  }
  handler.on_loss(loss_of(error.number), model::Pid{0}, error.number);
  return {.bytes = record_bytes, .is_all = false};
}

void Group::State::hand_on_left() {
  while (const auto event = left.next()) {
    // Owned before anything else: after `close`, which a callback may call, the rest is only closed.
    sys::Fd file(event->descriptor);
    if (is_closed()) continue;
    hand_on(*event, std::move(file));
    if (is_turn_over()) return;
  }
  const bool is_malformed = std::exchange(left, Decoder({})).is_malformed();
  if (is_malformed && !is_closed()) handler.on_loss(model::Loss::malformed_event, model::Pid{0}, 0);
}

void Group::State::hand_on(const RawEvent& event, sys::Fd file) const {
  switch (event.type) {
    case RawEvent::Type::file:
      return handler.on_file(
          {.file = std::move(file), .pid = event.pid, .mask = event.mask, .read = reads_with_records});
    case RawEvent::Type::overflow:
      return handler.on_loss(model::Loss::queue_overflow, event.pid, 0);
    case RawEvent::Type::open_error:
      return handler.on_loss(loss_of(event.error), event.pid, event.error);
  }
}

Group::Group(boost::asio::io_context& loop, sys::Fd group, bool has_fd_error, Handler handler)
    : state_(std::make_shared<State>(loop, std::move(group), has_fd_error, std::move(handler))) {}

Group::~Group() {
  state_->close();
}

void Group::start() {
  state_->start();
}

void Group::stop() {
  const auto state = state_;  // lives through a callback that destroys the group
  state->stop();
}

int Group::descriptor() const {
  return state_->descriptor();
}

std::uint64_t Group::reads() const {
  return state_->reads();
}

std::size_t Group::queued_bytes() const {
  return sys::read_queued_bytes(state_->descriptor()).value_or(0);
}

bool Group::is_behind() const {
  return state_->has_left() || queued_bytes() >= buffer_bytes;
}

void Group::read_now() {
  const auto state = state_;
  state->poke();
}

}  // namespace dropwarden::watch
