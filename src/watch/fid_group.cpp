// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/fid_group.hpp"

#include <array>
#include <cerrno>
#include <span>
#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "dropwarden/sys/descriptor.hpp"
#include "dropwarden/sys/fanotify_abi.hpp"

#include "group_reader.hpp"

// Owns the group. Its records name files and hold none: nothing of a container is pinned, queued or read.
namespace dropwarden::watch {
namespace {

// Some 250 records; each is 100 bytes and a name.
constexpr std::size_t buffer_bytes = std::size_t{32} << 10U;
// The longest: of a rename, two handles of MAX_HANDLE_SZ with a name of NAME_MAX each.
constexpr std::size_t max_record_bytes = 1024;

}  // namespace

struct FidGroup::State : GroupReader {
  State(boost::asio::io_context& loop, sys::Fd group, std::chrono::milliseconds pause, Handler callbacks)
      : GroupReader(loop, std::move(group), callbacks.on_failure),
        timer(loop),
        rest(pause),
        handler(std::move(callbacks)) {}

  void on_readable() override;
  void on_rest() override { handler.on_rest(); }
  Taken read_once() override;
  void hand_on(std::span<const std::byte> bytes);
  void hand_on(std::vector<FidEvent>& events) const;

  boost::asio::steady_timer timer;
  const std::chrono::milliseconds rest;
  const Handler handler;
  alignas(struct fanotify_event_metadata) std::array<std::byte, buffer_bytes> buffer;
};

void FidGroup::State::on_readable() {
  if (rest.count() == 0) return read_on();
  timer.expires_after(rest);
  // Held weakly: a group that has been closed is not kept for the rest of the pause.
  timer.async_wait([self = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto state = std::static_pointer_cast<State>(self.lock());
    if (!cancelled && state && state->is_open()) state->read_on();
  });
}

GroupReader::Taken FidGroup::State::read_once() {
  auto got = sys::read_some(descriptor(), buffer);
  if (got && *got > 0) {
    hand_on(std::span(buffer).first(*got));
    return {.bytes = *got, .is_all = *got + max_record_bytes <= buffer_bytes};
  }
  if (got) {
    fail({.call = "read", .object = "fanotify group: end of file", .number = EIO});
  } else if (got.error().number != EAGAIN) {
    fail(std::move(got.error()));
  }
  return {};
}

void FidGroup::State::hand_on(std::span<const std::byte> bytes) {
  FidDecoder decoder(bytes);
  std::vector<FidEvent> events;
  events.reserve(most_at_once);
  while (const auto event = decoder.next()) {
    if (!event->is_overflow) events.push_back(*event);
    if (event->is_overflow || events.size() == most_at_once) hand_on(events);
    if (event->is_overflow && !is_closed()) handler.on_loss(model::Loss::queue_overflow);
  }
  hand_on(events);
  if (decoder.is_malformed() && !is_closed()) handler.on_loss(model::Loss::malformed_event);
}

void FidGroup::State::hand_on(std::vector<FidEvent>& events) const {
  if (!events.empty() && !is_closed()) handler.on_events(events);
  events.clear();
}

FidGroup::FidGroup(boost::asio::io_context& loop, sys::Fd group, std::chrono::milliseconds rest,
                   Handler handler)
    : state_(std::make_shared<State>(loop, std::move(group), rest, std::move(handler))) {}

FidGroup::~FidGroup() {
  state_->close();
}

void FidGroup::start() {
  state_->start();
}

void FidGroup::stop() {
  const auto state = state_;  // lives through a callback that destroys the group
  state->stop();
}

int FidGroup::descriptor() const {
  return state_->descriptor();
}

}  // namespace dropwarden::watch
