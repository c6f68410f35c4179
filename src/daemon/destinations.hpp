// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "dropwarden/config/config.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sink/destination.hpp"
#include "dropwarden/sink/format.hpp"

namespace dropwarden::daemon {

// The destination of an output that is not standard output. What is secret (a key, headers) is read through
// `privilege`, which must outlive it; everything else with the rights of the process. What cannot be opened
// is a problem of the destination, which tries again with each `send`: a finding can wait, and the monitor
// need not. So it is with what the sandbox of this process does not allow, since it was entered before.
std::unique_ptr<sink::Destination> open_destination(const config::Output& output, sink::Format format,
                                                    privilege::Privilege& privilege);

}  // namespace dropwarden::daemon
