// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/daemon/profiles.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "dropwarden/sandbox/profile.hpp"

namespace dropwarden::daemon {
namespace {

TEST(FormatProfiles, HasEveryLineOfBothTables) {
  const auto report = boost::json::parse(format_profiles());
  const auto& profiles = report.at("profiles").as_array();
  ASSERT_EQ(profiles.size(), sandbox::profiles.size());
  for (std::size_t i = 0; i < profiles.size(); ++i) {
    EXPECT_EQ(profiles[i].at("profile").as_string(), name_of(sandbox::profiles[i]));
    const auto expected = sandbox::calls_of(sandbox::profiles[i], sandbox::Network::outputs);
    const auto& calls = profiles[i].at("calls").as_array();
    ASSERT_EQ(calls.size(), expected.size());
    for (std::size_t line = 0; line < calls.size(); ++line) {
      EXPECT_EQ(std::string_view(calls[line].at("call").as_string()), expected[line].name);
      EXPECT_EQ(std::string_view(calls[line].at("reason").as_string()), expected[line].reason);
      EXPECT_EQ(calls[line].at("verdict").as_string(), name_of(expected[line].verdict));
    }
  }
}

}  // namespace
}  // namespace dropwarden::daemon
