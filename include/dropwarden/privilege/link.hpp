// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "dropwarden/privilege/guard.hpp"
#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::privilege {

// What the supervisor and its processes tell each other, over a lane of their own (`open_lane`).
enum class LinkKind {
  grants,  // from the reader of the configuration
  lanes,   // to the monitor: there is a new marker, and these are the lanes to it
  signal,  // to the monitor: was sent to the supervisor
  // From the monitor: the configuration has changed. It is read again as after SIGHUP, which grants what it
  // grants now.
  configuration,
  stuck,  // from the monitor: the marker answers on no lane any more
};

struct LinkMessage {
  LinkKind kind = LinkKind::stuck;
  std::int32_t number = 0;  // of the signal; of a marker, its pid
  Grants grants;
  std::vector<sys::Fd> lanes;
};

// The supervisor's end, and the monitor's. The supervisor waits a second for the monitor and no longer, with
// half a message or with one that is not taken: nobody else would stop the parts, or start them again. Throws
// SystemError.
std::pair<sys::Fd, sys::Fd> open_link();

// As messages of the channel: ECONNRESET when nobody is at the other end, ETIMEDOUT when nothing more comes
// from there or nothing is taken, EPROTO for what is no message.
sys::Result<void> send_link(int socket, const LinkMessage& message);
sys::Result<LinkMessage> receive_link(int socket);

}  // namespace dropwarden::privilege
