// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <string>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::container {

// There is no such socket. One that refuses belongs to a runtime that was killed, or is being started.
inline bool is_absent(const sys::Error& error) {
  return error.number == ENOENT || error.number == ENOTDIR;
}

// Why a runtime's socket could not be connected to, for SourceState::problem.
inline std::string connect_problem(const sys::Error& error) {
  return is_absent(error) ? "no such socket: the runtime is not there, or not running" : error.text();
}

}  // namespace dropwarden::container
