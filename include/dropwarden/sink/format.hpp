// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/model/finding.hpp"

namespace dropwarden::sink {

// Native schema 1, one JSON object without a line feed (dropwarden-findings(5)). Bytes from containers are escaped and
// bounded. Pure.
std::string format_native(const model::Finding& finding);

// One line for a person: time, severity, container, path, kind, process. `is_colored` adds SGR sequences. Pure.
std::string format_text(const model::Finding& finding, bool is_colored);

}  // namespace dropwarden::sink
