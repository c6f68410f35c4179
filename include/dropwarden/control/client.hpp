// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::control {

// Asks the daemon at `socket_path` and waits for its answer: JSON without its newline, which may be
// `{"error":"…"}`. At most 64 MiB. ETIMEDOUT after `timeout`, EPROTO when the connection ends before the
// answer does.
sys::Result<std::string> request(const std::string& socket_path, std::string_view name,
                                 std::chrono::milliseconds timeout);

// No daemon listens there: its socket is missing, or left behind. Else one may be there, but could not be
// asked.
bool is_no_daemon(const sys::Error& error);

}  // namespace dropwarden::control
