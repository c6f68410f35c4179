// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::sys {

// Whether `text` is `ADDRESS:PORT` with a numeric address: `127.0.0.1:9476`, `[::1]:9476`, port 1 to 65535.
bool is_tcp_address(const std::string& text);

// Binds a stream socket to such an address and listens on it. Non-blocking. EINVAL for any other text,
// EADDRINUSE when somebody listens there.
Result<Fd> listen_tcp(const std::string& address, int backlog);

}  // namespace dropwarden::sys
