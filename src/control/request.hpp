// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace dropwarden::control {

// The name in `{"request":"name"}`, or what is wrong with the line. Pure.
std::expected<std::string, std::string> parse_request(std::string_view line);

// `{"error":"…"}`. `text` may hold any bytes. Pure.
std::string format_error(std::string_view text);

}  // namespace dropwarden::control
