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
#include <utility>

#include "dropwarden/sys/output.hpp"

namespace dropwarden::sys {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds longest_pause = 50ms;
// A unix socket says of what was sent at once only that all of it was read: so a long text goes in pieces.
constexpr std::size_t piece = 4096;

int milliseconds_until(Patience::Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

std::unexpected<Error> failure(std::string_view call, std::string_view object, int number) {
  return std::unexpected(Error{.call = std::string(call), .object = std::string(object), .number = number});
}

// What the other end has not taken yet, in a unit of the kernel's.
Result<int> left_to_take(int socket, std::string_view object) {
  int left = 0;
  if (::ioctl(socket, SIOCOUTQ, &left) != 0) return unexpected_errno("ioctl(SIOCOUTQ)", object);
  return left;
}

// What became of the connection, if the kernel has an error to tell (socket(7), SO_ERROR).
int error_of(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// Whether the other end goes on to take what it was sent.
class Progress {
 public:
  explicit Progress(std::chrono::milliseconds stall) : stall_(stall), deadline_(Clock::now() + stall) {}

  void renew() { deadline_ = Clock::now() + stall_; }
  bool goes_on(int left) {
    if (left < std::exchange(left_, left)) renew();
    return Clock::now() < deadline_;
  }

 private:
  const std::chrono::milliseconds stall_;
  Clock::time_point deadline_;
  int left_ = 0;
};

// Until there may be room, or for a moment.
Result<void> await_room(Patience& patience, int socket, Progress& progress, std::string_view object) {
  const auto ready = patience.wait(socket, POLLOUT, Clock::now() + longest_pause, object);
  if (!ready && ready.error().number != ETIMEDOUT) return std::unexpected(ready.error());
  const auto left = left_to_take(socket, object);
  if (!left) return std::unexpected(left.error());
  if (!progress.goes_on(*left)) return failure("send", object, ETIMEDOUT);
  return {};
}

// When the other end has all or is closed. The error is asked for last: the kernel sets it before it throws
// away what was not read (unix(7), tcp(7)).
Result<void> judge_end(int socket, std::string_view object) {
  const auto left = left_to_take(socket, object);
  if (!left) return std::unexpected(left.error());
  if (const int error = error_of(socket); error != 0) return failure("send", object, error);
  if (*left != 0) return failure("send", object, ECONNRESET);
  return {};
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
                            std::chrono::milliseconds stall, std::string_view object) {
  Progress progress(stall);
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(socket, bytes.data(), std::min(bytes.size(), piece), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      progress.renew();
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) return unexpected_errno("send", object);
    if (const auto room = await_room(patience, socket, progress, object); !room) return room;
  }
  return {};
}

Result<void> await_taken(Patience& patience, int socket, std::chrono::milliseconds stall,
                         std::string_view object) {
  // No event tells of it; most receivers have it at once.
  std::chrono::milliseconds pause = 1ms;
  Progress progress(stall);
  while (true) {
    const auto left = left_to_take(socket, object);
    if (!left) return std::unexpected(left.error());
    if (*left == 0) return judge_end(socket, object);
    if (!progress.goes_on(*left)) return failure("send", object, ETIMEDOUT);
    const auto event = patience.wait(socket, POLLRDHUP, Clock::now() + pause, object);
    if (event) return judge_end(socket, object);
    if (event.error().number != ETIMEDOUT) return std::unexpected(event.error());
    pause = std::min(2 * pause, longest_pause);
  }
}

}  // namespace dropwarden::sys
