// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "dropwarden/net/grpc.hpp"

#include "support/grpc_server.hpp"
#include "support/loop.hpp"

// Whatever stands behind the socket: a call ends with an error that says what is wrong, within its deadline.
namespace dropwarden::net {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::Answer;

constexpr GrpcLimits limits{.message_bytes = 1 << 20, .memory_bytes = 2 << 20, .calls = 8};

GrpcReply call(boost::asio::io_context& loop, GrpcChannel& channel, std::chrono::milliseconds timeout = 5s) {
  std::optional<GrpcReply> reply;
  channel.unary({"/s/Call", "", timeout}, [&](GrpcReply got) { reply = std::move(got); });
  EXPECT_TRUE(test::run_until(loop, [&] { return reply.has_value(); }));
  return reply.value_or(std::unexpected(GrpcStatus{GrpcCode::unknown, "the test gave up"}));
}

// A call to a server that gives this answer.
GrpcStatus status_of(Answer answer) {
  boost::asio::io_context loop;
  auto [ours, theirs] = test::make_socket_pair();
  GrpcChannel channel(loop, std::move(ours), limits);
  test::GrpcServer server(loop, std::move(theirs));
  server.on("/s/Call", [&](const auto&) { return answer; });
  const GrpcReply reply = call(loop, channel);
  return reply ? GrpcStatus{} : reply.error();
}

// A call to a server that sends these bytes and then says nothing.
GrpcStatus status_of(const std::string& bytes, std::chrono::milliseconds timeout = 5s) {
  boost::asio::io_context loop;
  auto [ours, theirs] = test::make_socket_pair();
  GrpcChannel channel(loop, std::move(ours), limits);
  EXPECT_EQ(::send(theirs.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
  const GrpcReply reply = call(loop, channel, timeout);
  return reply ? GrpcStatus{} : reply.error();
}

std::string frame(std::size_t length, int type, int flags, std::uint32_t stream, const std::string& payload) {
  std::string out;
  for (const int shift : {16, 8, 0}) out += static_cast<char>(length >> shift & 0xff);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift & 0xff);
  return out + payload;
}

const std::string empty_settings = frame(0, 4, 0, 0, "");

TEST(HostileServer, ThatSpeaksHttp1IsNamed) {
  const GrpcStatus status = status_of("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"s);
  EXPECT_EQ(status.code, GrpcCode::unavailable);
  EXPECT_TRUE(status.message.starts_with("not HTTP/2: ")) << status.message;
}

TEST(HostileServer, ThatSaysNothingMeetsTheDeadline) {
  EXPECT_EQ(status_of(""s, 20ms).code, GrpcCode::deadline_exceeded);
  EXPECT_EQ(status_of(empty_settings, 20ms).code, GrpcCode::deadline_exceeded);
}

TEST(HostileServer, ThatSendsNoiseNeverHangsOrCrashes) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::string bytes = round % 2 == 0 ? "" : empty_settings;
    for (int i = 0; i < 200; ++i) bytes += static_cast<char>(random());
    EXPECT_NE(status_of(bytes, 10ms).code, GrpcCode::ok);
  }
}

TEST(HostileServer, ThatSendsNoiseInFramesNeverHangsOrCrashes) {
  std::mt19937 random(2);
  for (int round = 0; round < 300; ++round) {
    std::string bytes = empty_settings;
    for (int i = 0; i < 20; ++i) {
      std::string payload;
      for (std::uint32_t left = random() % 20; left != 0; --left) payload += static_cast<char>(random());
      // One time in ten the length lies.
      const std::size_t length = random() % 10 == 0 ? random() % 30 : payload.size();
      bytes += frame(length, static_cast<int>(random() % 11), static_cast<int>(random() & 0x2d), random() % 4,
                     payload);
    }
    EXPECT_NE(status_of(bytes, 10ms).code, GrpcCode::ok);
  }
}

TEST(HostileServer, ThatSendsAHugeFrameIsCutOff) {
  EXPECT_EQ(status_of(empty_settings + frame(0xffffff, 0, 0, 1, "")).code, GrpcCode::unavailable);
}

TEST(HostileServer, ThatPushesStreamsIsCutOff) {
  // PUSH_PROMISE of stream 2 with an empty header block, after SETTINGS_ENABLE_PUSH = 0 was acknowledged.
  const std::string acknowledge = frame(0, 4, 1, 0, "");
  EXPECT_EQ(status_of(empty_settings + acknowledge + frame(4, 5, 4, 1, "\0\0\0\2"s)).code,
            GrpcCode::unavailable);
}

TEST(HostileServer, ThatAnnouncesATooLargeMessageIsTold) {
  const GrpcStatus status = status_of(Answer::open("\0\x7f\xff\xff\xff"s));
  EXPECT_EQ(status.text(), "resource_exhausted: a message of 2147483647 bytes, 1048576 are allowed");
}

TEST(HostileServer, ThatAnswersTwiceIsTold) {
  const std::string twice = test::grpc_frame("a") + test::grpc_frame("b");
  EXPECT_EQ(status_of(Answer::raw(twice)).text(), "internal: more than one message in the answer");
}

TEST(HostileServer, ThatAnswersWithoutAMessageIsTold) {
  EXPECT_EQ(status_of(Answer{}).text(), "internal: no message in the answer");
}

TEST(HostileServer, ThatStopsInsideAMessageIsTold) {
  const std::string cut = test::grpc_frame("hello").substr(0, 8);
  EXPECT_EQ(status_of(Answer::raw(cut)).text(), "internal: the stream ends inside a message");
}

TEST(HostileServer, WhoseContentLengthContradictsItsDataIsTold) {
  Answer answer = Answer::message("hello");
  answer.headers.emplace_back("content-length", "3");
  EXPECT_EQ(status_of(answer).code, GrpcCode::internal);
}

TEST(HostileServer, ThatIsAWebServerIsTold) {
  Answer page = Answer::raw("<html>");
  page.headers = {{":status", "404"}, {"content-type", "text/html"}};
  page.trailers = std::nullopt;
  EXPECT_EQ(status_of(page).text(), "unimplemented: HTTP status 404 without a grpc-status");
}

TEST(HostileServer, WithHeadersWithoutEndIsTold) {
  Answer answer = Answer::message("hello");
  for (int i = 0; i < 2000; ++i) answer.headers.emplace_back("x-" + std::to_string(i), "y");
  EXPECT_NE(status_of(answer).code, GrpcCode::ok);
}

TEST(HostileServer, CannotMakeTheChannelHoldMoreThanItsLimit) {
  boost::asio::io_context loop;
  auto [ours, theirs] = test::make_socket_pair();
  GrpcChannel channel(loop, std::move(ours), limits);
  test::GrpcServer server(loop, std::move(theirs));
  // Three messages, each of them allowed, none of them ever finished.
  const std::string unfinished = test::grpc_frame(std::string(1 << 20, 'x')).substr(0, (1 << 20) - 1);
  server.on("/s/Call", [&](const auto&) { return Answer::open(unfinished); });
  std::vector<GrpcStatus> ends;
  for (int i = 0; i < 3; ++i) {
    channel.server_stream(
        {"/s/Call", ""}, [](std::string_view) { FAIL(); },
        [&](GrpcStatus status) { ends.push_back(std::move(status)); });
  }
  ASSERT_TRUE(test::run_until(loop, [&] { return !ends.empty(); }));
  EXPECT_EQ(ends[0].text(), "resource_exhausted: too much unfinished data");
  test::run_ready(loop);
  EXPECT_EQ(ends.size(), 1U);
}

TEST(HostileServer, ThatFloodsAndNeverReadsIsCutOff) {
  boost::asio::io_context loop;
  auto [ours, theirs] = test::make_socket_pair();
  GrpcChannel channel(loop, std::move(ours), limits);
  std::optional<GrpcStatus> end;
  channel.server_stream(
      {"/s/Call", ""}, [](std::string_view) {}, [&](GrpcStatus status) { end = std::move(status); });
  std::string pings = empty_settings;
  for (int i = 0; i < 1000; ++i) pings += frame(8, 6, 0, 0, "12345678");
  const auto flood = [&] {
    (void)::send(theirs.number(), pings.data(), pings.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    loop.restart();
    loop.poll();
    return end.has_value();
  };
  const auto give_up = std::chrono::steady_clock::now() + 20s;
  while (!flood()) ASSERT_LT(std::chrono::steady_clock::now(), give_up);
  EXPECT_EQ(end->code, GrpcCode::unavailable);
}

TEST(HostileServer, ThatHangsUpInsideAnAnswerIsTold) {
  boost::asio::io_context loop;
  auto [ours, theirs] = test::make_socket_pair();
  GrpcChannel channel(loop, std::move(ours), limits);
  test::GrpcServer server(loop, std::move(theirs));
  server.on("/s/Call", [&](const auto&) {
    boost::asio::post(loop, [&] { server.close(); });
    return Answer::open(test::grpc_frame("hello").substr(0, 8));
  });
  EXPECT_EQ(call(loop, channel).error().code, GrpcCode::unavailable);
}

TEST(HostileServer, ThatIsNoSocketAtAllIsTold) {
  boost::asio::io_context loop;
  GrpcChannel channel(loop, sys::Fd{});
  EXPECT_EQ(call(loop, channel).error().code, GrpcCode::unavailable);
}

}  // namespace
}  // namespace dropwarden::net
