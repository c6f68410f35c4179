// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/output.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <ostream>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/check.hpp"

namespace dropwarden::sys {

Result<Fd> reopen_nonblocking(int fd) {
  const auto status = read_status(fd);
  if (!status) return std::unexpected(status.error());
  if (!S_ISFIFO(status->mode) && ::isatty(fd) == 0)
    return std::unexpected(Error{"open", "descriptor", EINVAL});
  // The magic link opens the object itself, not its name (proc(5)); a FIFO without a reader refuses (ENXIO,
  // fifo(7)).
  return open_path("/proc/self/fd/" + std::to_string(fd), O_WRONLY | O_NONBLOCK | O_NOCTTY);
}

Result<std::size_t> write_some(int fd, std::string_view bytes) {
  ssize_t taken = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (taken < 0 && errno == ENOTSOCK) taken = ::write(fd, bytes.data(), bytes.size());
  if (taken < 0) return unexpected_errno("write");
  return static_cast<std::size_t>(taken);
}

bool is_whole_or_nothing(int fd) {
  const auto shape = read_shape(fd);
  const int flags = ::fcntl(fd, F_GETFL);
  return shape && S_ISFIFO(shape->mode) && flags >= 0 && (flags & O_NONBLOCK) != 0;
}

Result<void> write_whole(int fd, std::string_view bytes) {
  if (::write(fd, bytes.data(), bytes.size()) < 0) return unexpected_errno("write");
  return {};
}

std::optional<std::size_t> terminal_columns(int fd) {
  if (::isatty(fd) == 0) return std::nullopt;
  constexpr std::size_t usual = 80;
  struct winsize size{};
  // A serial line, and a terminal that nobody is attached to, say 0.
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual;
  return size.ws_col;
}

bool is_color_wanted() {
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  const bool is_refused = no_color != nullptr && *no_color != '\0';
  return !is_refused && terminal != nullptr && std::string_view(terminal) != "dumb";
}

bool has_hung_up(int fd) {
  struct pollfd polled{fd, 0, 0};
  return ::poll(&polled, 1, 0) == 1 && (polled.revents & POLLHUP) != 0;
}

bool is_writable(int fd, std::chrono::milliseconds time) {
  struct pollfd polled{fd, POLLOUT, 0};
  return ::poll(&polled, 1, static_cast<int>(time.count())) == 1 && polled.revents == POLLOUT;
}

Result<bool> wait_writable(int fd, int wake, std::optional<std::chrono::milliseconds> time) {
  std::array<struct pollfd, 2> polled{{{fd, POLLOUT, 0}, {wake, POLLIN, 0}}};
  const int timeout = time ? static_cast<int>(time->count()) : -1;
  // EINTR is told as "not yet": the caller knows its deadline, we do not.
  if (::poll(polled.data(), polled.size(), timeout) < 0 && errno != EINTR) return unexpected_errno("poll");
  return polled[0].revents != 0;
}

bool has_printed(std::ostream& out, std::ostream& err) {
  out.flush();
  if (!out) err << "dropwarden: standard output: write failed\n";
  return static_cast<bool>(out);
}

Result<Fd> open_event() {
  Fd event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!event) return unexpected_errno("eventfd");
  return event;
}

void signal_event(int event) {
  const std::uint64_t one = 1;
  // EAGAIN is a counter at its end: readable all the same.
  const ssize_t written = ::write(event, &one, sizeof one);
  util::check(written == sizeof one || errno == EAGAIN, "an eventfd takes its eight bytes");
}

void block_signals() {
  sigset_t blocked;
  sigfillset(&blocked);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
    sigdelset(&blocked, fault);
  util::check(::pthread_sigmask(SIG_BLOCK, &blocked, nullptr) == 0, "a full signal set is valid");
}

}  // namespace dropwarden::sys
