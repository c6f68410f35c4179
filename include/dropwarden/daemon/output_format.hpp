// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/config/config.hpp"
#include "dropwarden/sink/format.hpp"

namespace dropwarden::daemon {

// The configured format; without one, text on a terminal, else native: columns are for a person, and whatever
// reads a pipe gets the whole finding.
sink::Format format_of(const config::Output& output, bool is_terminal);

}  // namespace dropwarden::daemon
