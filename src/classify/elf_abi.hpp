// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace dropwarden::classify {

// The name of an EI_OSABI value: `sysv`, `gnu`, `freebsd`. The number in decimal when it has no name here.
std::string os_abi_name(std::uint8_t number);

}  // namespace dropwarden::classify
