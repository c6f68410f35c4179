// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace dropwarden::test {

// A whole ELF program of this machine in some 200 bytes, which ends at once with status 0: small enough to be
// written a thousand times in all manners. `salt` lies behind it, so that no two files are the same.
std::string make_program(std::string_view salt);

// The header and one section header of an object file, as a compiler leaves it (`ET_REL`).
std::string make_object(std::string_view salt);

// The header of a core dump (`ET_CORE`).
std::string make_core_dump(std::string_view salt);

}  // namespace dropwarden::test
