// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
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

// As messages of the channel: ECONNRESET when nobody is at the other end.
sys::Result<void> send_link(int socket, const LinkMessage& message);
sys::Result<LinkMessage> receive_link(int socket);

}  // namespace dropwarden::privilege
