// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "dropwarden/config/config.hpp"

namespace dropwarden::daemon {

// Sends the log to standard error, one line an entry: time in UTC, level, text. Where that is the journal, to
// the journal itself, which has fields for level and meaning. An entry for which there is no room within a
// second is lost, and counted in the next one. Again: changes the level alone. Before there are threads.
void open_log(config::LogLevel level);
void set_log_level(config::LogLevel level);

// What the log keeps open beside standard error, if anything.
std::optional<int> log_descriptor();

}  // namespace dropwarden::daemon
