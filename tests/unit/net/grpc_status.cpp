// SPDX-License-Identifier: Apache-2.0
#include "net/grpc_status.hpp"

#include <gtest/gtest.h>

namespace dropwarden::net {
namespace {

TEST(GrpcStatus, IsReadFromTheTrailers) {
  const GrpcStatus status = status_of_trailers("5", "no container %22x%22, caf%C3%A9");
  EXPECT_EQ(status.code, GrpcCode::not_found);
  EXPECT_EQ(status.message, "no container \"x\", caf\xc3\xa9");
}

TEST(GrpcStatus, IsUnknownForACodeThatIsNone) {
  for (const char* code : {"17", "-1", "abc", "", "99999999999999999999", "0x5", "5 "}) {
    EXPECT_EQ(status_of_trailers(code, "").code, GrpcCode::unknown) << code;
  }
}

TEST(GrpcStatus, BoundsWhatTheServerSays) {
  EXPECT_EQ(status_of_trailers("2", std::string(1 << 20, 'x')).message.size(), 4096U);
  EXPECT_LE(status_of_trailers(std::string(1 << 20, '1'), "").message.size(), 100U);
  EXPECT_LE((GrpcStatus{GrpcCode::unknown, std::string(5000, '\x01')}).text().size(), 512U);
}

TEST(GrpcStatus, IsPrintedEscaped) {
  EXPECT_EQ((GrpcStatus{GrpcCode::not_found, "a\x1b[31m"}).text(), "not_found: a\\x1b[31m");
  EXPECT_EQ(GrpcStatus{}.text(), "ok");
}

TEST(GrpcStatus, FollowsTheTableForHttpAnswers) {
  EXPECT_EQ(status_of_http("404").code, GrpcCode::unimplemented);
  EXPECT_EQ(status_of_http("401").code, GrpcCode::unauthenticated);
  EXPECT_EQ(status_of_http("403").code, GrpcCode::permission_denied);
  EXPECT_EQ(status_of_http("503").code, GrpcCode::unavailable);
  EXPECT_EQ(status_of_http("400").code, GrpcCode::internal);
  EXPECT_EQ(status_of_http("200").code, GrpcCode::internal);
  EXPECT_EQ(status_of_http("").code, GrpcCode::unknown);
}

TEST(GrpcStatus, FollowsTheTableForResets) {
  EXPECT_EQ(status_of_reset(0x7).code, GrpcCode::unavailable);         // REFUSED_STREAM
  EXPECT_EQ(status_of_reset(0x8).code, GrpcCode::cancelled);           // CANCEL
  EXPECT_EQ(status_of_reset(0xb).code, GrpcCode::resource_exhausted);  // ENHANCE_YOUR_CALM
  EXPECT_EQ(status_of_reset(0xc).code, GrpcCode::permission_denied);   // INADEQUATE_SECURITY
  EXPECT_EQ(status_of_reset(0x1).code, GrpcCode::internal);            // PROTOCOL_ERROR
  EXPECT_EQ(status_of_reset(0xffffffff).code, GrpcCode::internal);
}

TEST(DecodePercent, KeepsWhatIsNoEscape) {
  EXPECT_EQ(decode_percent("100% %zz %4"), "100% %zz %4");
  EXPECT_EQ(decode_percent("%25%41"), "%A");
  EXPECT_EQ(decode_percent("%-1"), "%-1");
}

}  // namespace
}  // namespace dropwarden::net
