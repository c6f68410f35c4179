// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/clock.hpp"

#include <cstdint>
#include <ctime>
#include <sys/timerfd.h>
#include <unistd.h>

#include "dropwarden/util/check.hpp"

namespace dropwarden::sys {
namespace {

std::chrono::nanoseconds read_clock(clockid_t clock) {
  struct timespec now{};
  util::check(::clock_gettime(clock, &now) == 0, "a clock that every supported kernel has");
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

}  // namespace

util::WallTime read_boot_time() {
  return util::WallTime{read_clock(CLOCK_REALTIME) - read_clock(CLOCK_BOOTTIME)};
}

util::WallTime read_file_time() {
  return util::WallTime{read_clock(CLOCK_REALTIME_COARSE)};
}

Result<Fd> watch_wall_clock() {
  Fd timer(::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer) return unexpected_errno("timerfd_create");
  struct itimerspec never{};
  never.it_value.tv_sec = std::time_t{1} << 33U;  // the year 2242
  constexpr int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
  if (::timerfd_settime(timer.number(), flags, &never, nullptr) != 0)
    return unexpected_errno("timerfd_settime");
  return timer;
}

void take_clock_set(int watch) {
  std::uint64_t expirations = 0;
  static_cast<void>(::read(watch, &expirations, sizeof expirations));
}

std::chrono::nanoseconds read_thread_time() {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

std::chrono::nanoseconds clock_tick() {
  const long ticks = ::sysconf(_SC_CLK_TCK);
  util::check(ticks > 0, "sysconf knows the clock tick");
  return std::chrono::nanoseconds{std::chrono::seconds{1}} / ticks;
}

}  // namespace dropwarden::sys
