// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::sys {

// When the machine was started: the wall clock less CLOCK_BOOTTIME (clock_getres(2)), the clock of
// `starttime` in /proc/PID/stat. Moves with every step of the wall clock, and by the microseconds between the
// two readings.
util::WallTime read_boot_time();

// The clock of which file systems take the times they stamp (CLOCK_REALTIME_COARSE, at most a tick behind):
// no file that changes from now on has an earlier ctime, unless the wall clock is set back.
util::WallTime read_file_time();

// A timer that never ends, and is readable once the wall clock was set (TFD_TIMER_CANCEL_ON_SET,
// timerfd_create(2)); adjtimex(2) that only makes it run faster or slower does not count. Non-blocking.
Result<Fd> watch_wall_clock();
// Until the next time.
void take_clock_set(int watch);

// Processor time of the calling thread so far (CLOCK_THREAD_CPUTIME_ID).
std::chrono::nanoseconds read_thread_time();

// The unit of times in /proc/PID/stat: sysconf(3), _SC_CLK_TCK.
std::chrono::nanoseconds clock_tick();

}  // namespace dropwarden::sys
