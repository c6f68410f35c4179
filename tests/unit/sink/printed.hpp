// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace dropwarden::sink {

// Every JSON line that a format makes goes through here: one line, valid JSON, valid UTF-8, bounded.
inline boost::json::value parse_printed(const std::string& line, std::size_t max_bytes) {
  using namespace std::string_literals;
  EXPECT_EQ(line.find_first_of("\n\r\0"s), std::string::npos);
  EXPECT_LE(line.size(), max_bytes);
  boost::system::error_code error;
  auto value = boost::json::parse(line, error);
  EXPECT_FALSE(error) << error.message() << ": " << line.substr(0, 400);
  return value;
}

inline std::string text_at(const boost::json::value& value, std::string_view pointer) {
  return std::string(value.at_pointer(pointer).as_string());
}

}  // namespace dropwarden::sink
