// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace dropwarden::classify {

// The name of an e_machine value as uname(2) or the toolchains spell it, without width and byte order, which
// the class and data bytes tell: `riscv`, `ppc64`. The number in decimal when it has no name here.
std::string machine_name(std::uint16_t number);

}  // namespace dropwarden::classify
