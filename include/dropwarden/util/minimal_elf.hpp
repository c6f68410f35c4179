// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace dropwarden::util {

// The header of an ELF program (elf(5)) without segments, and `text` behind it: seen as an executable, and
// runs nothing. For files of our own that a sensor has to tell of. Pure.
std::string minimal_elf(std::string_view text);

}  // namespace dropwarden::util
