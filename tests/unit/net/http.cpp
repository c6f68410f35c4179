// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/net/http.hpp"

#include <chrono>
#include <fcntl.h>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_server.hpp"

namespace dropwarden::net {
namespace {

using namespace std::chrono_literals;
using Result = std::expected<HttpResponse, HttpError>;

constexpr auto patience = 10s;

Result get(FakeServer& server, HttpLimits limits = {}) {
  boost::asio::io_context loop;
  std::optional<Result> result;
  const auto exchange =
      http_get(loop, server.take_client(), "/_ping", limits, [&](Result got) { result = std::move(got); });
  EXPECT_FALSE(result) << "called back from inside the call";
  loop.run_for(patience);
  if (!result) throw std::runtime_error("the exchange hangs");
  return std::move(*result);
}

std::string with_body(const std::string& fields, const std::string& body) {
  return "HTTP/1.1 200 OK\r\n" + fields + "\r\n" + body;
}

TEST(HttpGet, GivesStatusFieldsAndBody) {
  FakeServer server{"HTTP/1.1 404 Not Found\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nno"};
  const auto response = get(server);
  ASSERT_TRUE(response) << response.error().text;
  EXPECT_EQ(response->header.status, 404U);
  EXPECT_EQ(response->header.fields.at("api-version"), "1.41");
  EXPECT_EQ(response->body, "no");
}

TEST(HttpGet, JoinsChunks) {
  FakeServer server{with_body("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n")};
  const auto response = get(server);
  ASSERT_TRUE(response) << response.error().text;
  EXPECT_EQ(response->body, "abcde");
}

TEST(HttpGet, TakesABodyThatEndsWithTheConnection) {
  FakeServer server{with_body("Connection: close\r\n", "all of it")};
  const auto response = get(server);
  ASSERT_TRUE(response) << response.error().text;
  EXPECT_EQ(response->body, "all of it");
}

struct BadAnswer {
  const char* name;
  std::string bytes;
  HttpFailure kind;

  friend std::ostream& operator<<(std::ostream& out, const BadAnswer& answer) { return out << answer.name; }
};

class HttpGetOf : public testing::TestWithParam<BadAnswer> {};

TEST_P(HttpGetOf, FailsAndSaysWhy) {
  FakeServer server{GetParam().bytes};
  const auto response = get(server, {.header = 1024, .body = 4096});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, GetParam().kind) << response.error().text;
  EXPECT_FALSE(response.error().text.empty());
}

INSTANTIATE_TEST_SUITE_P(
    ABadServer, HttpGetOf,
    testing::Values(
        BadAnswer{"Nothing", "", HttpFailure::closed},
        BadAnswer{"Garbage", "\x01\x02 this is not the protocol\r\n\r\n", HttpFailure::malformed},
        BadAnswer{"AnotherProtocol", "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", HttpFailure::malformed},
        BadAnswer{"CutHeader", "HTTP/1.1 200 OK\r\nApi-Ver", HttpFailure::closed},
        BadAnswer{"CutBody", with_body("Content-Length: 10\r\n", "half"), HttpFailure::closed},
        BadAnswer{"CutChunk", with_body("Transfer-Encoding: chunked\r\n", "a\r\nhalf"), HttpFailure::closed},
        BadAnswer{"BadChunkSize", with_body("Transfer-Encoding: chunked\r\n", "xyz\r\nabc\r\n"),
                  HttpFailure::malformed},
        BadAnswer{"HugeChunkSize",
                  with_body("Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\nabc\r\n"),
                  HttpFailure::malformed},
        BadAnswer{"TwoLengths", with_body("Content-Length: 2\r\nContent-Length: 3\r\n", "abc"),
                  HttpFailure::malformed},
        BadAnswer{"LengthAndChunks",
                  with_body("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                  HttpFailure::malformed},
        BadAnswer{"NegativeLength", with_body("Content-Length: -1\r\n", "abc"), HttpFailure::malformed},
        BadAnswer{"LengthBeyondTheLimit", with_body("Content-Length: 4097\r\n", ""), HttpFailure::too_large},
        BadAnswer{"LengthBeyondAnyLimit", with_body("Content-Length: 18446744073709551615\r\n", ""),
                  HttpFailure::too_large},
        BadAnswer{"LongField", with_body("X: " + std::string(2000, 'x') + "\r\n", ""),
                  HttpFailure::too_large},
        BadAnswer{"LongBody", with_body("", std::string(5000, 'x')), HttpFailure::too_large}),
    [](const auto& test) { return test.param.name; });

struct EndlessAnswer {
  const char* name;
  std::string start;
  std::string again;

  friend std::ostream& operator<<(std::ostream& out, const EndlessAnswer& answer) {
    return out << answer.name;
  }
};

class HttpGetOfEndless : public testing::TestWithParam<EndlessAnswer> {};

TEST_P(HttpGetOfEndless, StopsAtTheLimit) {
  FakeServer server{[](const FakeServer::Send& send) {
    if (!send(GetParam().start)) return;
    while (send(GetParam().again)) {
    }
  }};
  const auto response = get(server, {.timeout = 60s});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, HttpFailure::too_large) << response.error().text;
}

INSTANTIATE_TEST_SUITE_P(
    ABadServer, HttpGetOfEndless,
    testing::Values(EndlessAnswer{"Header", "HTTP/1.1 200 OK\r\n", "A: b\r\n"},
                    EndlessAnswer{"StatusLine", "HTTP/1.1 200 ", "OK"},
                    EndlessAnswer{"Body", "HTTP/1.1 200 OK\r\n\r\n", std::string(4096, 'x')},
                    EndlessAnswer{"Chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                                  "1000\r\n" + std::string(4096, 'x') + "\r\n"},
                    EndlessAnswer{"ChunkExtension",
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=", "bbbbbbbb"},
                    EndlessAnswer{"Trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
                                  "A: b\r\n"}),
    [](const auto& test) { return test.param.name; });

TEST(HttpGet, HasOneDeadlineForTheWholeAnswer) {
  // Each byte comes in time, all of them never.
  FakeServer server{[](const FakeServer::Send& send) {
    if (!send("HTTP/1.1 200 OK\r\n\r\n")) return;
    while (send("x")) std::this_thread::sleep_for(5ms);
  }};
  const auto begin = std::chrono::steady_clock::now();
  const auto response = get(server, {.timeout = 100ms});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, HttpFailure::timeout) << response.error().text;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, patience);
}

TEST(HttpGet, GivesUpOnASilentServer) {
  std::atomic_flag is_over;
  FakeServer server{[&](const FakeServer::Send&) { is_over.wait(false); }};
  const auto response = get(server, {.timeout = 50ms});
  is_over.test_and_set();
  is_over.notify_one();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, HttpFailure::timeout) << response.error().text;
}

TEST(HttpGet, ReportsADescriptorThatIsNoSocket) {
  boost::asio::io_context loop;
  std::optional<Result> result;
  const auto exchange = http_get(loop, sys::Fd{::open("/dev/null", O_RDWR | O_CLOEXEC)}, "/", {},
                                 [&](Result got) { result = std::move(got); });
  EXPECT_FALSE(result);
  loop.run_for(patience);
  ASSERT_TRUE(result && !*result);
  EXPECT_EQ(result->error().kind, HttpFailure::system) << result->error().text;
}

TEST(HttpGet, CallsNothingOnceDestroyed) {
  FakeServer server{with_body("Content-Length: 2\r\n", "OK")};
  boost::asio::io_context loop;
  bool is_called = false;
  auto exchange =
      http_get(loop, server.take_client(), "/_ping", {}, [&](const Result&) { is_called = true; });
  exchange.reset();
  loop.run_for(patience);
  EXPECT_FALSE(is_called);
  EXPECT_TRUE(loop.stopped()) << "an operation is left behind";
}

TEST(HttpGet, MayBeDestroyedByItsOwnCallback) {
  FakeServer server{with_body("Content-Length: 2\r\n", "OK")};
  boost::asio::io_context loop;
  std::unique_ptr<HttpExchange> exchange;
  exchange = http_get(loop, server.take_client(), "/_ping", {}, [&](const Result&) { exchange.reset(); });
  loop.run_for(patience);
  EXPECT_FALSE(exchange);
}

TEST(HttpGetDeathTest, RefusesATargetThatWouldForgeAHeader) {
  boost::asio::io_context loop;
  EXPECT_DEATH(http_get(loop, sys::Fd{}, "/a HTTP/1.1\r\nX: y", {}, [](const Result&) {}), "percent-encoded");
}

}  // namespace
}  // namespace dropwarden::net
