// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/util/encode.hpp"

#include <string_view>

#include <gtest/gtest.h>

namespace dropwarden::util {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// RFC 4648 section 10.
TEST(Base64, EncodesTheTestVectorsOfTheStandard) {
  EXPECT_EQ(base64(bytes_of("")), "");
  EXPECT_EQ(base64(bytes_of("f")), "Zg==");
  EXPECT_EQ(base64(bytes_of("fo")), "Zm8=");
  EXPECT_EQ(base64(bytes_of("foo")), "Zm9v");
  EXPECT_EQ(base64(bytes_of("foob")), "Zm9vYg==");
  EXPECT_EQ(base64(bytes_of("fooba")), "Zm9vYmE=");
  EXPECT_EQ(base64(bytes_of("foobar")), "Zm9vYmFy");
}

TEST(Hex, KeepsHighBytesUnsigned) {
  EXPECT_EQ(hex(bytes_of("\x7f\xff\x01")), "7fff01");
}

}  // namespace
}  // namespace dropwarden::util
