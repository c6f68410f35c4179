// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <string>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::container {

// Why a runtime's socket could not be connected to, for SourceState::problem.
inline std::string connect_problem(const sys::Error& error) {
  return error.number == ENOENT ? "no such socket: the runtime is not there, or not running" : error.text();
}

}  // namespace dropwarden::container
