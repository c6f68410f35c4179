// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "dropwarden/net/grpc.hpp"

#include "support/grpc_server.hpp"
#include "support/loop.hpp"

namespace dropwarden::net {
namespace {

using namespace std::chrono_literals;
using test::Answer;

class Channel : public ::testing::Test {
 protected:
  Channel() {
    auto [ours, theirs] = test::make_socket_pair();
    channel.emplace(loop, std::move(ours),
                    GrpcLimits{.message_bytes = 1 << 20, .memory_bytes = 2 << 20, .calls = 8});
    server.emplace(loop, std::move(theirs));
  }

  GrpcReply call(const std::string& method, std::string message = "",
                 std::chrono::milliseconds timeout = 5s) {
    std::optional<GrpcReply> reply;
    channel->unary({method, std::move(message), timeout}, [&](GrpcReply got) { reply = std::move(got); });
    EXPECT_FALSE(reply) << "called back from inside";
    EXPECT_TRUE(test::run_until(loop, [&] { return reply.has_value(); }));
    return reply.value_or(std::unexpected(GrpcStatus{GrpcCode::unknown, "the test gave up"}));
  }

  boost::asio::io_context loop;
  std::optional<GrpcChannel> channel;
  std::optional<test::GrpcServer> server;
};

TEST_F(Channel, CarriesARequestAndItsAnswer) {
  test::GrpcServer::Call seen;
  server->on("/s/Echo", [&](const auto& call) {
    seen = call;
    return Answer::message("<" + call.message + ">");
  });
  EXPECT_EQ(call("/s/Echo", "hello"), GrpcReply("<hello>"));
  const test::Fields expected{{":method", "POST"},
                              {":scheme", "http"},
                              {":path", "/s/Echo"},
                              {":authority", "localhost"},
                              {"te", "trailers"},
                              {"content-type", "application/grpc"},
                              {"user-agent", "dropwarden/" DROPWARDEN_VERSION},
                              {"grpc-timeout", "5000m"}};
  EXPECT_EQ(seen.headers, expected);
}

TEST_F(Channel, SendsMetadata) {
  std::string seen;
  server->on("/s/Echo", [&](const auto& call) {
    seen = call.headers.back().first + "=" + call.headers.back().second;
    return Answer::message("");
  });
  bool is_done = false;
  channel->unary({"/s/Echo", "", 5s, {{"containerd-namespace", "default"}}},
                 [&](const GrpcReply&) { is_done = true; });
  ASSERT_TRUE(test::run_until(loop, [&] { return is_done; }));
  EXPECT_EQ(seen, "containerd-namespace=default");
}

TEST_F(Channel, CarriesMessagesLargerThanAnyWindow) {
  server->on("/s/Echo", [](const auto& call) { return Answer::message(call.message); });
  const std::string large(1'000'000, 'x');
  EXPECT_EQ(call("/s/Echo", large), GrpcReply(large));
}

TEST_F(Channel, TellsTheStatusOfAFailedCall) {
  server->on("/s/Find", [](const auto&) { return Answer::status(5, "no %22x%22"); });
  const GrpcReply reply = call("/s/Find");
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().text(), "not_found: no \"x\"");
}

TEST_F(Channel, AnswersManyCallsAtOnceEachToItsOwn) {
  server->on("/s/Echo", [](const auto& call) { return Answer::message(call.message); });
  std::string order;
  for (const char* name : {"a", "b", "c"}) {
    channel->unary({"/s/Echo", name, 5s},
                   [&, name](const GrpcReply& reply) { order += *reply == name ? name : "!"; });
  }
  ASSERT_TRUE(test::run_until(loop, [&] { return order.size() == 3; }));
  EXPECT_EQ(order, "abc");
}

TEST_F(Channel, RefusesMoreCallsThanAllowed) {
  server->on("/s/Hang", [](const auto&) { return Answer::silent(); });
  for (int i = 0; i < 8; ++i) channel->unary({"/s/Hang", "", 0ms}, [](const GrpcReply&) { FAIL(); });
  EXPECT_EQ(call("/s/Hang").error().code, GrpcCode::resource_exhausted);
}

TEST_F(Channel, GivesUpAtTheDeadlineAndTellsTheServer) {
  server->on("/s/Hang", [](const auto&) { return Answer::silent(); });
  EXPECT_EQ(call("/s/Hang", "", 20ms).error().code, GrpcCode::deadline_exceeded);
  EXPECT_TRUE(test::run_until(loop, [&] { return server->resets() == 1; }));
}

TEST_F(Channel, DeliversAStreamAsItComes) {
  server->on("/s/Watch", [](const auto&) { return Answer::open(test::grpc_frame("first")); });
  std::vector<std::string> messages;
  std::optional<GrpcStatus> end;
  channel->server_stream(
      {"/s/Watch", ""}, [&](std::string_view message) { messages.emplace_back(message); },
      [&](GrpcStatus status) { end = std::move(status); });
  ASSERT_TRUE(test::run_until(loop, [&] { return messages.size() == 1; }));
  EXPECT_FALSE(end);
  const std::string second = test::grpc_frame("second");
  server->push("/s/Watch", second.substr(0, 6));
  test::run_ready(loop);
  EXPECT_EQ(messages.size(), 1U);
  server->push("/s/Watch", second.substr(6) + test::grpc_frame(""));
  server->finish("/s/Watch", {{"grpc-status", "14"}, {"grpc-message", "bye"}});
  ASSERT_TRUE(test::run_until(loop, [&] { return end.has_value(); }));
  EXPECT_EQ(messages, (std::vector<std::string>{"first", "second", ""}));
  EXPECT_EQ(end->text(), "unavailable: bye");
}

TEST_F(Channel, CallsNothingBackAfterCancel) {
  server->on("/s/Watch", [](const auto&) { return Answer::open(); });
  const GrpcCallId id = channel->server_stream(
      {"/s/Watch", ""}, [](std::string_view) { FAIL(); }, [](const GrpcStatus&) { FAIL(); });
  ASSERT_TRUE(test::run_until(loop, [&] { return server->calls("/s/Watch") == 1; }));
  server->push("/s/Watch", test::grpc_frame("never seen"));
  channel->cancel(id);
  channel->cancel(id);
  EXPECT_TRUE(test::run_until(loop, [&] { return server->resets() == 1; }));
}

TEST_F(Channel, SurvivesACallbackThatDestroysIt) {
  server->on("/s/Watch",
             [](const auto&) { return Answer::open(test::grpc_frame("a") + test::grpc_frame("b")); });
  int messages = 0;
  const auto destroy = [&](std::string_view) {
    ++messages;
    channel.reset();
  };
  channel->server_stream({"/s/Watch", ""}, destroy, [](const GrpcStatus&) { FAIL(); });
  ASSERT_TRUE(test::run_until(loop, [&] { return messages == 1; }));
  test::run_ready(loop);
  EXPECT_EQ(messages, 1);
}

TEST_F(Channel, SurvivesACallbackThatCancelsItsOwnCall) {
  server->on("/s/Watch",
             [](const auto&) { return Answer::open(test::grpc_frame("a") + test::grpc_frame("b")); });
  int messages = 0;
  GrpcCallId id;
  id = channel->server_stream(
      {"/s/Watch", ""},
      [&](std::string_view) {
        ++messages;
        channel->cancel(id);
      },
      [](const GrpcStatus&) { FAIL(); });
  ASSERT_TRUE(test::run_until(loop, [&] { return server->resets() == 1; }));
  EXPECT_EQ(messages, 1);
}

TEST_F(Channel, EndsEveryCallWhenTheConnectionIsLost) {
  server->on("/s/Hang", [](const auto&) { return Answer::silent(); });
  std::vector<GrpcCode> ends;
  channel->unary({"/s/Hang", "", 5s}, [&](const GrpcReply& reply) { ends.push_back(reply.error().code); });
  channel->server_stream(
      {"/s/Hang", ""}, [](std::string_view) {},
      [&](const GrpcStatus& status) { ends.push_back(status.code); });
  ASSERT_TRUE(test::run_until(loop, [&] { return server->calls("/s/Hang") == 2; }));
  server->close();
  ASSERT_TRUE(test::run_until(loop, [&] { return ends.size() == 2; }));
  EXPECT_EQ(ends, (std::vector{GrpcCode::unavailable, GrpcCode::unavailable}));
  EXPECT_EQ(call("/s/Hang").error().code, GrpcCode::unavailable);
}

TEST_F(Channel, FinishesOpenCallsAndRefusesNewOnesAfterGoAway) {
  server->on("/s/Watch", [](const auto&) { return Answer::open(); });
  std::optional<GrpcStatus> end;
  channel->server_stream(
      {"/s/Watch", ""}, [](std::string_view) {}, [&](GrpcStatus status) { end = std::move(status); });
  ASSERT_TRUE(test::run_until(loop, [&] { return server->calls("/s/Watch") == 1; }));
  server->go_away();
  test::run_ready(loop);
  EXPECT_EQ(call("/s/Other").error().code, GrpcCode::unavailable);
  EXPECT_FALSE(end);
  server->finish("/s/Watch", {{"grpc-status", "0"}});
  ASSERT_TRUE(test::run_until(loop, [&] { return end.has_value(); }));
  EXPECT_EQ(end->code, GrpcCode::ok);
  EXPECT_EQ(call("/s/Other").error().text(), "unavailable: the server is going away");
}

TEST_F(Channel, TellsAResetCall) {
  server->on("/s/Reset", [](const auto&) { return Answer::reset(7); });
  const GrpcReply reply = call("/s/Reset");
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().text(), "unavailable: the server reset the call: REFUSED_STREAM");
}

}  // namespace
}  // namespace dropwarden::net
