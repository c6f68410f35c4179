// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "dropwarden/config/config.hpp"
#include "dropwarden/sink/destination.hpp"
#include "dropwarden/sink/format.hpp"

namespace dropwarden::daemon {

// The destination of an output that is not standard output. All that is opened by a path for it is opened
// here, with the rights of the process: the directory of a file, certificates, a file of headers. No
// capability is needed when its user may read them. What cannot be opened is a problem of the destination,
// which tries again with each `send`: a finding can wait, and the monitor need not.
std::unique_ptr<sink::Destination> open_destination(const config::Output& output, sink::Format format);

}  // namespace dropwarden::daemon
