// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "dropwarden/net/web_client.hpp"

namespace dropwarden::net {
namespace {

TEST(WebUrl, IsTakenApart) {
  EXPECT_EQ(parse_web_url("https://a.example"), (WebUrl{true, "a.example", 443, "/"}));
  EXPECT_EQ(parse_web_url("http://a:8080/b/c?d=e"), (WebUrl{false, "a", 8080, "/b/c?d=e"}));
  EXPECT_EQ(parse_web_url("https://[::1]:9/x"), (WebUrl{true, "::1", 9, "/x"}));
  EXPECT_EQ(parse_web_url("http://a?b"), (WebUrl{false, "a", 80, "/?b"}));
}

TEST(WebUrl, IsNoOther) {
  for (const char* text :
       {"", "ftp://a", "https://", "https:///x", "https://a:0/", "https://a:65536/", "https://a:b/",
        "https://u:p@a/", "https://a/ b", "https://a/#b", "https://[::1", "https://[::1]x", "a"})
    EXPECT_FALSE(parse_web_url(text)) << text;
}

}  // namespace
}  // namespace dropwarden::net
