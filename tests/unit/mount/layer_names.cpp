// SPDX-License-Identifier: Apache-2.0
#include "mount/layer_names.hpp"

#include <gtest/gtest.h>

namespace dropwarden::mount {
namespace {

using namespace std::chrono_literals;

constexpr Teller host{};
constexpr Teller own_users{.kind = Teller::Kind::own_users};
constexpr Teller user_a{.kind = Teller::Kind::user, .number = 1000};
constexpr Teller user_b{.kind = Teller::Kind::user, .number = 1001};
constexpr LayerNames::Clock::time_point start{};

TEST(LayerNames, AreAUsersForWhatIsHisWhoeverElseHasNamedItBefore) {
  LayerNames names;
  EXPECT_TRUE(names.add("/a/diff", user_b, start));
  EXPECT_EQ(names.find("/a/diff", 1000), std::nullopt);
  EXPECT_TRUE(names.add("/a/diff", user_a, start));
  EXPECT_EQ(names.find("/a/diff", 1000), user_a);
  EXPECT_EQ(names.find("/a/diff", 1001), user_b);
  EXPECT_EQ(names.find("/a/diff", 0), std::nullopt);
  EXPECT_EQ(names.find("/a/diff", std::nullopt), std::nullopt);
  EXPECT_EQ(names.find("/other", 1000), std::nullopt);
}

TEST(LayerNames, AreAnybodysWhereTheHostOrOurUserNamespaceNamesThem) {
  LayerNames names;
  names.add("/x", user_a, start);
  names.add("/x", own_users, start);
  EXPECT_EQ(names.find("/x", 5), own_users);
  names.add("/x", host, start);
  EXPECT_EQ(names.find("/x", std::nullopt), host);
}

TEST(LayerNames, AreNewsOnceForEachWhoTellsOfThem) {
  LayerNames names;
  EXPECT_TRUE(names.add("/x", user_a, start));
  EXPECT_FALSE(names.add("/x", user_a, start));
  EXPECT_TRUE(names.add("/x", user_b, start));
}

TEST(LayerNames, AreForgottenOfEachWhoNamesThemNoMore) {
  LayerNames names;
  names.add("/x", user_a, start);
  names.add("/x", user_b, start);
  names.add("/x", user_b, start + 2s);
  names.expire(start + 1s);
  EXPECT_EQ(names.find("/x", 1000), std::nullopt);
  EXPECT_EQ(names.find("/x", 1001), user_b);
  names.expire(start + 3s);
  EXPECT_FALSE(names.contains("/x"));
}

TEST(LayerNames, OfOneUserLeaveRoomForTheOthersAndTheHost) {
  LayerNames names;
  for (std::size_t i = 0; i < Shares::share; ++i) names.add("/" + std::to_string(i), user_b, start);
  EXPECT_FALSE(names.add("/more", user_b, start));
  EXPECT_FALSE(names.contains("/more"));
  EXPECT_TRUE(names.add("/0", user_a, start));
  EXPECT_TRUE(names.add("/more", user_a, start));
  EXPECT_TRUE(names.add("/more", host, start));
  names.expire(start + 1s);
  EXPECT_TRUE(names.add("/more", user_b, start + 1s)) << "what is forgotten is in no share";
}

}  // namespace
}  // namespace dropwarden::mount
