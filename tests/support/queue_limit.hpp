// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace dropwarden::test {

// fs.fanotify.max_queued_events: what the queue of a group takes that is opened now. Throws sys::SystemError.
std::size_t read_queue_limit();

}  // namespace dropwarden::test
