// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace dropwarden::test {

// Whole files; both throw std::runtime_error.
void write_file(const std::string& path, std::string_view content);
std::string read_file(const std::string& path);

}  // namespace dropwarden::test
