// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/privilege/link.hpp"

#include <cerrno>
#include <string>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "privilege/message.hpp"

namespace dropwarden::privilege {
namespace {

TEST(Link, WaitsForNoRestOfAMessageForEver) {
  const auto [own, its] = open_link();
  const PieceHeader about{.total = 2 * max_piece, .offset = 0};
  const auto piece =
      std::string(reinterpret_cast<const char*>(&about), sizeof about) + std::string(max_piece, 'x');
  ASSERT_EQ(::send(its.number(), piece.data(), piece.size(), 0), static_cast<ssize_t>(piece.size()));
  const auto message = receive_link(own.number());
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().number, ETIMEDOUT);
}

TEST(Link, WaitsForNobodyWhoDoesNotListen) {
  const auto [own, its] = open_link();
  sys::Result<void> sent;
  constexpr int most = 100'000;
  for (int i = 0; i < most && sent; ++i)
    sent = send_link(own.number(), {.kind = LinkKind::signal, .number = 1, .grants = {}, .lanes = {}});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().number, ETIMEDOUT);
}

}  // namespace
}  // namespace dropwarden::privilege
