// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dropwarden::config {

// `250ms`, `2s`, `1m`, `6h`, `90d`: a whole number and a unit. Nothing for other text or a value past 2^63
// ms.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string format_duration(std::chrono::milliseconds duration);

// `4096`, `64KiB`, `1GiB`: a whole number of bytes, or of KiB, MiB, GiB or TiB. Nothing for other text or
// past 2^64-1.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

}  // namespace dropwarden::config
