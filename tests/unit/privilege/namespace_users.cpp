// SPDX-License-Identifier: Apache-2.0
#include "privilege/namespace_users.hpp"

#include <cerrno>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace dropwarden::privilege {
namespace {

// As the kernel prints what newuidmap(1) has written.
constexpr const char* of_podman =
    "         0       1000          1\n"
    "         1     100000      65536\n";

TEST(NamespaceUsers, AreItsOwnerAndThoseThatAreMapped) {
  const NamespaceUsers users(1000, of_podman);
  for (const std::uint32_t user : {1000U, 100'000U, 100'998U, 165'535U}) EXPECT_TRUE(users.has(user)) << user;
  for (const std::uint32_t user : {0U, 1U, 999U, 1001U, 65'534U, 99'999U, 165'536U, 4'294'967'295U})
    EXPECT_FALSE(users.has(user)) << user;
}

TEST(NamespaceUsers, AreItsOwnerAloneWhereNothingIsMapped) {
  for (const char* map : {"", "\n", "0 1001", "0 1001 x\n", "0 1001 1 1\n", "-1 -1 -1\n"}) {
    const NamespaceUsers users(1000, map);
    EXPECT_TRUE(users.has(1000)) << map;
    EXPECT_FALSE(users.has(0)) << map;
    EXPECT_FALSE(users.has(1001)) << map;
  }
}

TEST(NamespaceUsers, AreAllWhereRootHasMadeIt) {
  const NamespaceUsers users(0, "         0     100000      65536\n");
  EXPECT_TRUE(users.has(0));
  EXPECT_TRUE(users.has(1000));
}

TEST(NamespaceUsers, OfAProcessThatHasEndedAreNotKnown) {
  const auto users = read_namespace_users("/proc/" + std::to_string(1 << 22));
  ASSERT_FALSE(users);
  EXPECT_EQ(users.error().number, ENOENT);
}

}  // namespace
}  // namespace dropwarden::privilege
