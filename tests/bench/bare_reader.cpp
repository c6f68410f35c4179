// SPDX-License-Identifier: Apache-2.0
// bare-reader MICROSECONDS MOUNT_POINT…: the least that a monitor can do, to hold the daemon against: an
// fanotify group with the daemon's flags, marks and batching, 256 bytes of each file read, and nothing made
// of them. After a wake-up it rests for so many microseconds, then reads all there is. Says `ready`; at
// SIGTERM, how many events it saw, how many began like an ELF file, and how many reads they took.
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/fanotify.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dropwarden/sys/fanotify_abi.hpp"

namespace {

volatile std::sig_atomic_t is_ending = 0;

struct Count {
  std::uint64_t events = 0;
  std::uint64_t programs = 0;
  std::uint64_t reads = 0;
  std::uint64_t losses = 0;
};

int open_group() {
  constexpr unsigned event_flags = O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NONBLOCK | O_NOATIME;
  constexpr unsigned flags = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK;
  const int group = ::fanotify_init(flags | dropwarden::sys::fanotify_abi::report_fd_error, event_flags);
  return group >= 0 ? group : ::fanotify_init(flags, event_flags);
}

void look_at(const struct fanotify_event_metadata& event, Count& count) {
  if (event.fd < 0) {
    ++count.losses;
    return;
  }
  std::array<char, 256> first;
  const ssize_t got = ::pread(event.fd, first.data(), first.size(), 0);
  if (got > 4 && std::memcmp(first.data(), "\177ELF", 4) == 0) ++count.programs;
  ::close(event.fd);
  ++count.events;
}

// As much as the daemon reads at once.
bool read_once(int group, Count& count) {
  alignas(struct fanotify_event_metadata) std::array<char, 8184> buffer;
  const ssize_t got = ::read(group, buffer.data(), buffer.size());
  if (got <= 0) return false;
  ++count.reads;
  for (ssize_t at = 0; at + static_cast<ssize_t>(FAN_EVENT_METADATA_LEN) <= got;) {
    struct fanotify_event_metadata event{};
    std::memcpy(&event, buffer.data() + at, sizeof event);
    look_at(event, count);
    at += event.event_len;
  }
  return true;
}

int fail(const char* call) {
  std::perror(call);
  return 1;
}

}  // namespace

int main(int count_of_arguments, char** arguments) {
  if (count_of_arguments < 3) {
    std::fputs("usage: bare-reader MICROSECONDS MOUNT_POINT...\n", stderr);
    return 2;
  }
  const long pause = std::strtol(arguments[1], nullptr, 10);
  struct rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const int group = open_group();
  if (group < 0) return fail("fanotify_init");
  for (int i = 2; i < count_of_arguments; ++i) {
    constexpr std::uint64_t mask = FAN_CLOSE_WRITE | FAN_OPEN_EXEC;
    if (::fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask, AT_FDCWD, arguments[i]) != 0)
      return fail("fanotify_mark");
  }
  struct sigaction action{};
  action.sa_handler = [](int) { is_ending = 1; };
  ::sigaction(SIGTERM, &action, nullptr);
  std::puts("ready");
  std::fflush(stdout);
  Count count;
  while (is_ending == 0) {
    struct pollfd entry{.fd = group, .events = POLLIN, .revents = 0};
    if (::poll(&entry, 1, -1) <= 0) continue;
    if (pause > 0) {
      const struct timespec rest{.tv_sec = 0, .tv_nsec = pause * 1000};
      ::nanosleep(&rest, nullptr);
    }
    while (read_once(group, count)) {
    }
  }
  std::printf("events=%ju programs=%ju reads=%ju losses=%ju\n", std::uintmax_t{count.events},
              std::uintmax_t{count.programs}, std::uintmax_t{count.reads}, std::uintmax_t{count.losses});
  return 0;
}
