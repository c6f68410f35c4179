// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/sys/error.hpp"

namespace dropwarden::sys {

// Whether `directory` is the upper directory of the overlay of which `overlay` is the top, both O_PATH. What
// a mount says of its layers are the words of whoever mounted it, in a mount namespace of his own; this is
// asked of the kernel: the top is opened once, which overlayfs hands on to the upper directory, and there it
// has to be told of (fanotify(7)) as done by this very thread (FAN_REPORT_TID), so that nobody else can
// bring it about. The lower layers are not asked. Who serves the upper directory is, and may never answer:
// for one of which it is known that the kernel serves it. False where so much else is told of `directory`
// that the queue is full. Needs CAP_SYS_ADMIN.
Result<bool> is_upper_directory(int overlay, int directory);

}  // namespace dropwarden::sys
