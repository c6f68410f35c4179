// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::monitor {

// The error's text and, where it is known, what is missing and what to do about it.
std::string explain(const sys::Error& error);

}  // namespace dropwarden::monitor
