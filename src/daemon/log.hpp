// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "dropwarden/config/config.hpp"

namespace dropwarden::daemon {

// Sends the log to standard error, one line an entry: time in UTC, level, text. Where that is the journal, to
// the journal itself, which has fields for level and meaning. Again: changes the level alone. Before there
// are threads.
void open_log(config::LogLevel level);
void set_log_level(config::LogLevel level);

// This process, but none that it makes, waits no longer for whoever reads standard error: an entry for which
// there is no room is lost.
void keep_log_from_waiting();

// What the log keeps open beside standard error, if anything.
std::optional<int> log_descriptor();

}  // namespace dropwarden::daemon
