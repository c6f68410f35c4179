// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dropwarden/model/mount.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/error.hpp"

#include "host_table.hpp"

namespace dropwarden::mount {

// An overlay that a process has for its root and no mount of the host shows.
struct HiddenOverlay {
  const model::Mount& mount;       // as the process shows it
  int top = -1;                    // of the overlay, O_PATH
  bool is_of_other_users = false;  // whoever mounted it needed no privilege of ours
  std::uint64_t mask = 0;          // of events that are asked for
  bool has_host = true;            // the host's mounts are within reach
};

// Whether what is read of it, and the event of a file in it, can come to wait for a server that a container
// runs, or pass for another container's. Its options are the words of whoever mounted it, and its paths those
// of his mount namespace. The upper directory has to be served by the kernel, be on the host, on a file
// system that the kernel alone answers for, and the very one that the overlay writes to, as the kernel shows.
//
// What a lower layer really is the kernel does not show. In a user namespace of his own anybody mounts FUSE,
// and an overlay over it that names directories of the host: so of such an overlay nothing is told that would
// open a file of a lower layer (FAN_OPEN_EXEC), and the lower layers may be anywhere. A file that was closed
// after writing is in the upper directory. That may be FUSE as well (Linux 5.7), and whoever asked such a one
// would wait for it. In our own user namespace each lower layer has to be on the host, on such a file system:
// that is taken on its word from who has CAP_SYS_ADMIN of ours.
//
// Where the host's mounts are out of reach, and the layers of all containers with them, `host` is the table
// of our own mount namespace. Then nothing is refused for a layer, and the upper directory is proven where it
// is to be had from here. Otherwise the error is one of the way there, or privilege::is_foreign.
sys::Result<privilege::ProvenUpper> check_hidden_overlay(const HiddenOverlay& overlay, const HostTable& host,
                                                         privilege::Privilege& direct);

// Of one that a mount of the host shows, whose word is believed: what the host has at that path now.
privilege::ProvenUpper read_shown_upper(const model::Mount& overlay, const HostTable& host,
                                        privilege::Privilege& direct);

}  // namespace dropwarden::mount
