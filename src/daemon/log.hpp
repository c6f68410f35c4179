// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/config/config.hpp"

namespace dropwarden::daemon {

// Sends the log to standard error, one line an entry: time in UTC, level, text.
void open_log(config::LogLevel level);
void set_log_level(config::LogLevel level);

}  // namespace dropwarden::daemon
