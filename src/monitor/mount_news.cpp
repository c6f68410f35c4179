// SPDX-License-Identifier: Apache-2.0
#include "mount_news.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "dropwarden/sys/descriptor.hpp"
#include "dropwarden/watch/decoder.hpp"

// Owns the group. Its records have no descriptors, so there is nothing else to own.
namespace dropwarden::monitor {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

// A container that mounts in a loop is not to hold the loop up: what is left is read in its next round.
constexpr int most_reads = 16;

}  // namespace

struct MountNews::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& loop, OnNews the_on_news,
        std::function<void(const sys::Error&)> the_on_failure)
      : group(loop), on_news(std::move(the_on_news)), on_failure(std::move(the_on_failure)) {}

  void wait() {
    group.async_wait(Descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (error || !self->group.is_open()) return;
                       self->read();
                       if (self->group.is_open()) self->wait();
                     });
  }

  void read() {
    mounters.clear();
    is_lost = false;
    std::array<std::byte, 8192> buffer;
    for (int i = 0; i < most_reads; ++i) {
      const auto got = sys::read_some(group.native_handle(), buffer);
      if (got && *got > 0) {
        take(std::span(buffer).first(*got));
        continue;
      }
      if (!got && got.error().number == EAGAIN) break;
      stop();
      // What came before is unknown now, and so is all that comes.
      on_failure(got ? sys::Error{"read", "mount events: end of file", EIO} : got.error());
      return;
    }
    if (is_lost) mounters.clear();
    if (is_lost || !mounters.empty()) on_news(mounters);
  }

  void take(std::span<const std::byte> bytes) {
    watch::Decoder decoder(bytes);
    while (const auto event = decoder.next()) {
      is_lost = is_lost || event->type == watch::RawEvent::Type::overflow;
      if (std::ranges::find(mounters, event->pid) == mounters.end()) mounters.push_back(event->pid);
    }
    is_lost = is_lost || decoder.is_malformed();
  }

  void stop() {
    boost::system::error_code ignored;
    if (group.is_open()) group.close(ignored);
  }

  Descriptor group;
  const OnNews on_news;
  const std::function<void(const sys::Error&)> on_failure;
  std::vector<model::Pid> mounters;  // of one round
  bool is_lost = false;
};

MountNews::MountNews(boost::asio::io_context& loop, sys::Fd group, OnNews on_news,
                     std::function<void(const sys::Error&)> on_failure)
    : state_(std::make_shared<State>(loop, std::move(on_news), std::move(on_failure))) {
  state_->group.assign(group.number());
  group.release();
}

MountNews::~MountNews() {
  state_->stop();
}

void MountNews::start() {
  state_->wait();
}

void MountNews::stop() {
  state_->stop();
}

int MountNews::descriptor() const {
  return state_->group.is_open() ? state_->group.native_handle() : -1;
}

}  // namespace dropwarden::monitor
