// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace dropwarden::cli {

// Values of the daemon's reports, for people. All text in a report is escaped already. Pure.

// Empty where there is no such text.
std::string text_of(const boost::json::object& object, const char* key);
// The words of an array; empty where it is none.
std::string join(const boost::json::value& words, std::string_view separator);
// A time of RFC 3339 without the fraction of its second.
std::string to_the_second(const std::string& time);

}  // namespace dropwarden::cli
