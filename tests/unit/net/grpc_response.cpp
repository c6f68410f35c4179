// SPDX-License-Identifier: Apache-2.0
#include "net/grpc_response.hpp"

#include <gtest/gtest.h>

namespace dropwarden::net {
namespace {

GrpcResponse make_started() {
  GrpcResponse response(1000);
  EXPECT_TRUE(response.add_header(":status", "200"));
  EXPECT_TRUE(response.add_header("content-type", "application/grpc"));
  return response;
}

TEST(GrpcResponse, IsOkWithAMessageAndAStatusOfZero) {
  GrpcResponse response = make_started();
  const auto messages = response.add_data(frame_message("hello"));
  ASSERT_TRUE(messages.has_value());
  EXPECT_EQ(*messages, std::vector<std::string>{"hello"});
  EXPECT_TRUE(response.add_header("grpc-status", "0"));
  EXPECT_EQ(response.finish(0).code, GrpcCode::ok);
}

TEST(GrpcResponse, KeepsTheStatusOfAServerThatThenResetsTheStream) {
  GrpcResponse response = make_started();
  EXPECT_TRUE(response.add_header("grpc-status", "8"));
  EXPECT_EQ(response.finish(8).code, GrpcCode::resource_exhausted);
}

TEST(GrpcResponse, IsNotOkWhenAnOkStreamWasReset) {
  GrpcResponse response = make_started();
  EXPECT_TRUE(response.add_header("grpc-status", "0"));
  EXPECT_EQ(response.finish(2).code, GrpcCode::internal);
}

TEST(GrpcResponse, IsNotOkWithoutAGrpcStatus) {
  EXPECT_EQ(make_started().finish(0).code, GrpcCode::internal);
  EXPECT_EQ(GrpcResponse(1000).finish(0).code, GrpcCode::unknown);
}

TEST(GrpcResponse, IsNotOkWhenItEndsInsideAMessage) {
  GrpcResponse response = make_started();
  ASSERT_TRUE(response.add_data(frame_message("hello").substr(0, 7)).has_value());
  EXPECT_TRUE(response.add_header("grpc-status", "0"));
  const GrpcStatus status = response.finish(0);
  EXPECT_EQ(status.code, GrpcCode::internal);
  EXPECT_EQ(status.message, "the stream ends inside a message");
}

TEST(GrpcResponse, DoesNotReadAWebPageAsMessages) {
  GrpcResponse response(1000);
  EXPECT_TRUE(response.add_header(":status", "200"));
  EXPECT_TRUE(response.add_header("content-type", "text/html"));
  const auto messages = response.add_data("<html>");
  ASSERT_FALSE(messages.has_value());
  EXPECT_EQ(messages.error().message, "not gRPC: content-type text/html");
}

TEST(GrpcResponse, RefusesAMessageAfterTheStatus) {
  GrpcResponse response = make_started();
  EXPECT_TRUE(response.add_header("grpc-status", "0"));
  EXPECT_FALSE(response.add_data(frame_message("late")).has_value());
}

TEST(GrpcResponse, RefusesTwoStatusesThatDiffer) {
  GrpcResponse response = make_started();
  EXPECT_TRUE(response.add_header("grpc-status", "5"));
  EXPECT_FALSE(response.add_header("grpc-status", "0"));
}

TEST(GrpcResponse, RefusesHeadersWithoutEnd) {
  GrpcResponse response = make_started();
  int count = 0;
  while (response.add_header("x", "")) ASSERT_LT(++count, 10000);
  EXPECT_GT(count, 1000);
}

}  // namespace
}  // namespace dropwarden::net
