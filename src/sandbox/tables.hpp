// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "dropwarden/sandbox/profile.hpp"

namespace dropwarden::sandbox {

// The tables that `calls_of` puts together. Each line's reason is of the process that makes the call.
std::span<const Call> runtime_calls();    // any process of C++ and glibc
std::span<const Call> marker_calls();     // the marker beside them
std::span<const Call> monitor_calls();    // the monitor beside them
std::span<const Call> network_calls();    // the monitor where an output needs them
std::span<const Call> sanitizer_calls();  // empty, but in a program with a sanitizer
std::span<const Call> fatal_calls();      // neither, ever

// Conditions that several tables have.
inline constexpr std::uint64_t all_bits = ~std::uint64_t{0};
constexpr Condition is(unsigned argument, std::uint64_t value, std::string_view text) {
  // Arguments are ints in most calls, and the upper half of their registers is not defined.
  return {argument, 0xffffffffU, value & 0xffffffffU, text};
}
constexpr Condition lacks(unsigned argument, std::uint64_t bits, std::string_view text) {
  return {argument, bits, 0, text};
}
constexpr Condition has(unsigned argument, std::uint64_t mask, std::uint64_t value, std::string_view text) {
  return {argument, mask, value, text};
}

}  // namespace dropwarden::sandbox
