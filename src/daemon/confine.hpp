// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/privilege/guard.hpp"
#include "dropwarden/sandbox/enter.hpp"

namespace dropwarden::daemon {

// Each enters its profile in the calling process, which has one thread, and says in the log what is missing
// of it. Throws sys::SystemError when the kernel takes no filter.
void confine_marker(sandbox::Enforcement enforcement);
// It may write in the directories of its database and of the files of outputs, and connect to the receivers
// of outputs.
void confine_monitor(sandbox::Enforcement enforcement, const privilege::Grants& grants);

}  // namespace dropwarden::daemon
