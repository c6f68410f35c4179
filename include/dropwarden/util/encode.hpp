// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace dropwarden::util {

// Base64 with padding (RFC 4648 section 4).
std::string base64(std::span<const std::byte> bytes);

// Two lower-case hexadecimal digits a byte.
std::string hex(std::span<const std::byte> bytes);

}  // namespace dropwarden::util
