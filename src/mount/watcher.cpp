// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/mount/watcher.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dropwarden/sys/descriptor.hpp"

// Owns the mount table's descriptor and the mount event group. Must not hold anything of a mount. Hands
// readings on.
namespace dropwarden::mount {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

// One owner from here on: the descriptor is given away only once asio has taken it.
void hand_over(sys::Fd& fd, Descriptor& to) {
  to.assign(fd.number());
  fd.release();
}

}  // namespace

struct Watcher::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& loop, OnTable callback, TableReader table_reader)
      : table(loop),
        mount_events(loop),
        again(loop),
        on_table(std::move(callback)),
        reader(std::move(table_reader)) {}

  void wait_for_table();
  void wait_for_mount_events();
  void on_mount_events();
  void read_table();
  void wait_to_read_again();
  void stop();

  Descriptor table;
  Descriptor mount_events;
  boost::asio::steady_timer again;
  OnTable on_table;
  TableReader reader;
};

// Armed first, read second, always: arming makes epoll(7) ask the table (EPOLL_CTL_MOD polls), and a
// mountinfo answers POLLPRI once a change, so a change that came before is forgotten here and must be found
// by the read.
void Watcher::State::wait_for_table() {
  table.async_wait(Descriptor::wait_error,
                   [self = shared_from_this()](const boost::system::error_code& error) {
                     if (error || !self->table.is_open()) return;
                     self->wait_for_table();
                     self->read_table();
                   });
}

void Watcher::State::wait_for_mount_events() {
  mount_events.async_wait(Descriptor::wait_read,
                          [self = shared_from_this()](const boost::system::error_code& error) {
                            if (error || !self->mount_events.is_open()) return;
                            self->on_mount_events();
                            if (self->mount_events.is_open()) self->wait_for_mount_events();
                          });
}

// The records say less than the table (IDs, no paths) and none is needed: the queue is emptied, so that it
// can wake us again, and the table is asked whether it has changed since it was last read. Mostly it has
// woken us itself by then.
void Watcher::State::on_mount_events() {
  // What is left after that many reads is read in the next round of the loop.
  constexpr int max_reads = 16;
  std::array<std::byte, 4096> records;
  for (int i = 0; i < max_reads; ++i) {
    const auto got = sys::read_some(mount_events.native_handle(), records);
    if (got && *got > 0) continue;
    if (got || got.error().number != EAGAIN) {
      // The table wakes us without the group as well: go on with it alone.
      mount_events.close();
      if (!got) on_table(std::unexpected(got.error()));
      if (!table.is_open()) return;
    }
    break;
  }
  const auto has_changed = sys::take_urgent(table.native_handle());
  if (has_changed && *has_changed) read_table();
}

void Watcher::State::read_table() {
  auto read = reader.read(table.native_handle(), TableReader::Clock::now());
  wait_to_read_again();
  on_table(std::move(read));
}

void Watcher::State::wait_to_read_again() {
  again.cancel();
  if (!reader.due()) return;
  again.expires_at(*reader.due());
  again.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (cancelled || !self->table.is_open()) return;
    auto read = self->reader.read(self->table.native_handle(), TableReader::Clock::now());
    self->wait_to_read_again();
    if (!read || self->reader.is_news()) self->on_table(std::move(read));
  });
}

void Watcher::State::stop() {
  // Closing cancels the waits; their handlers hold this state until the loop has run them.
  boost::system::error_code ignored;
  if (table.is_open()) table.close(ignored);
  if (mount_events.is_open()) mount_events.close(ignored);
  again.cancel();
}

Watcher::Watcher(boost::asio::io_context& loop, sys::Fd table, std::optional<sys::Fd> mount_events,
                 OnTable on_table, TableReader reader)
    : state_(std::make_shared<State>(loop, std::move(on_table), std::move(reader))) {
  hand_over(table, state_->table);
  if (mount_events) hand_over(*mount_events, state_->mount_events);
}

Watcher::~Watcher() {
  state_->stop();
}

void Watcher::start() {
  const auto state = state_;  // lives through a callback that destroys the watcher
  if (state->mount_events.is_open()) state->wait_for_mount_events();
  state->wait_for_table();
  state->read_table();
}

void Watcher::stop() {
  state_->stop();
}

}  // namespace dropwarden::mount
