// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/patience.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "dropwarden/sys/output.hpp"

namespace dropwarden::sys {
namespace {

using Clock = std::chrono::steady_clock;

int milliseconds_until(Patience::Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

std::unexpected<Error> failure(std::string_view call, std::string_view object, int number) {
  return std::unexpected(Error{.call = std::string(call), .object = std::string(object), .number = number});
}

}  // namespace

Patience::Patience() : ended_(value_or_throw(open_event())) {}

Result<short> Patience::wait(int fd, short events, Deadline deadline, std::string_view object) {
  std::array<pollfd, 2> polled{
      {{.fd = fd, .events = events, .revents = 0}, {.fd = ended_.number(), .events = POLLIN, .revents = 0}}};
  while (true) {
    const int count = ::poll(polled.data(), polled.size(), milliseconds_until(deadline));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unexpected_errno("poll", object);
    if (polled[1].revents != 0) return failure("poll", object, ECANCELED);
    if (polled[0].revents != 0) return polled[0].revents;
    if (Clock::now() >= deadline) return failure("poll", object, ETIMEDOUT);
  }
}

void Patience::end() {
  is_ended_ = true;
  signal_event(ended_.number());
}

Result<void> send_patiently(Patience& patience, int socket, std::string_view bytes,
                            Patience::Deadline deadline, std::string_view object) {
  while (!bytes.empty()) {
    const auto ready = patience.wait(socket, POLLOUT, deadline, object);
    if (!ready) return std::unexpected(ready.error());
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return unexpected_errno("send", object);
    }
  }
  return {};
}

Result<void> await_taken(Patience& patience, int socket, Patience::Deadline deadline,
                         std::string_view object) {
  // No event tells of it; most receivers have it at once.
  std::chrono::milliseconds pause{1};
  constexpr std::chrono::milliseconds longest_pause{50};
  while (true) {
    int left = 0;
    if (::ioctl(socket, SIOCOUTQ, &left) != 0) return unexpected_errno("ioctl(SIOCOUTQ)", object);
    if (left == 0) {
      // What a closed socket had not read is gone as well, and leaves an error (unix(7), tcp(7)).
      int error = 0;
      socklen_t size = sizeof error;
      if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
      if (error != 0) return failure("send", object, error);
      return {};
    }
    if (Clock::now() >= deadline) return failure("send", object, ETIMEDOUT);
    const auto event = patience.wait(socket, POLLRDHUP, Clock::now() + pause, object);
    if (event) {
      // It may have read all of it before it closed the connection; else the kernel says so.
      int error = 0;
      socklen_t size = sizeof error;
      if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
      const bool is_read = error == 0 && ::ioctl(socket, SIOCOUTQ, &left) == 0 && left == 0;
      if (is_read) return {};
      return failure("send", object, error == 0 ? ECONNRESET : error);
    }
    if (event.error().number != ETIMEDOUT) return std::unexpected(event.error());
    pause = std::min(2 * pause, longest_pause);
  }
}

}  // namespace dropwarden::sys
