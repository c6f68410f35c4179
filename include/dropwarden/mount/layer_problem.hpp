// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::mount {

// Why an overlay is left alone for a layer that its options name, for people.
inline constexpr const char* layer_may_never_answer =
    "a layer of it lies on a file system that might never answer";
inline constexpr const char* layer_is_absent = "a layer of it is not on this host";

// Whether there is no such layer. What belongs to somebody else, or was not opened in time, may be one. Pure.
inline bool is_absence(const sys::Error& error) {
  constexpr std::array absent{EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR};
  return std::ranges::find(absent, error.number) != absent.end();
}

}  // namespace dropwarden::mount
