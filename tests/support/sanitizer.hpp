// SPDX-License-Identifier: Apache-2.0
// What a sanitizer makes of a program: it takes several times the memory and the processor's time, and makes
// system calls of its own (src/sandbox/sanitizer_calls.cpp).
#pragma once

namespace dropwarden::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool has_sanitizer = true;
#else
inline constexpr bool has_sanitizer = false;
#endif

// Times what a bound allows a program that has none.
inline constexpr int sanitizer_factor = has_sanitizer ? 10 : 1;

}  // namespace dropwarden::test
