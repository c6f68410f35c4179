// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace dropwarden::test {

// 64 hexadecimal digits.
std::string sha256(std::string_view bytes);

}  // namespace dropwarden::test
