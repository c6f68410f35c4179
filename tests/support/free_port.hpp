// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <sys/socket.h>

namespace dropwarden::test {

// A port of 127.0.0.1 that nobody has at the moment, for a socket of this type. Somebody may take it before
// the caller does, which has to do. Throws sys::SystemError.
std::uint16_t free_port(int type = SOCK_STREAM);

}  // namespace dropwarden::test
