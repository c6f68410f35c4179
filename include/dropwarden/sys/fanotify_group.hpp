// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::sys {

// fanotify_init(2), close-on-exec. Groups are counted by effective user ID (fs.fanotify.max_user_groups), and
// since Linux 5.13 a group that tells handles takes no capability: so any root of a container whose user
// namespace is the host's can hold all that root may have. The group is another user's then, where the thread
// may become one: with CAP_SETUID, or with a saved user ID that `reserve_user` has set before. EMFILE when
// there are no groups left all the same, or no descriptors.
Result<Fd> open_fanotify_group(unsigned flags, unsigned event_flags);

// The process, which has one thread, keeps a way to become a user for `open_fanotify_group` when it has no
// CAP_SETUID any more. Nobody knows which user it is. Without CAP_SETUID now, or where the user namespace has
// no such user, nothing changes.
void reserve_user();

}  // namespace dropwarden::sys
