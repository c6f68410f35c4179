// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace dropwarden::cli::report {

// What a report's page looks like and what its filters do: whole, so that the page needs nothing else.
extern const std::string_view style;
extern const std::string_view script;

}  // namespace dropwarden::cli::report
