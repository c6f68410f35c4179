// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::sys {

// What the kernel says of a thread of this process.
struct ThreadState {
  char state = '?';            // R, S, D, … as proc(5) has it; D waits for a device, and takes no signal
  std::uint64_t switches = 0;  // how often it has given up a processor, or was made to
  std::string wait_channel;    // the function of the kernel in which it sleeps; empty where that is not told
};

// gettid(2) of the calling thread.
std::int32_t thread_id();
// From /proc/self/task/TID (proc(5)). ENOENT when the thread has ended; EIO for a text that is none.
Result<ThreadState> read_thread_state(std::int32_t thread);

}  // namespace dropwarden::sys
