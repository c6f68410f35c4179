// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <boost/json/value.hpp>

namespace dropwarden::cli {

// A configuration with the narrowest exception that covers a finding, made of its record in the native
// format: each condition that the record can answer. A character that a configuration may not have becomes
// `?`; what is too long for a condition is left out. Pure.
std::string exception_for(const boost::json::value& record);

}  // namespace dropwarden::cli
