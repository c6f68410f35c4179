// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <chrono>
#include <optional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/net/http.hpp"

#include "fake_server.hpp"

namespace dropwarden::net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr auto patience = 10s;
constexpr const char* chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(const std::string& bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + bytes + "\r\n";
}

struct Heard {
  bool is_open = false;
  std::vector<std::string> lines;
  int long_lines = 0;
  std::optional<HttpError> end;

  HttpStreamHandlers handlers() {
    return {.on_open = [this](const HttpHeader&) { is_open = true; },
            .on_line = [this](std::string_view line) { lines.emplace_back(line); },
            .on_long_line = [this] { ++long_lines; },
            .on_end = [this](HttpError error) { end = std::move(error); }};
  }
};

Heard listen(FakeServer& server, HttpLimits limits = {}) {
  boost::asio::io_context loop;
  Heard heard;
  const auto stream = http_stream(loop, server.take_client(), "/events", limits, heard.handlers());
  loop.run_for(patience);
  if (!heard.end) throw std::runtime_error("the stream hangs");
  return heard;
}

TEST(HttpStream, GivesLinesAcrossChunks) {
  FakeServer server{chunked + chunk("one\ntw") + chunk("o\n\nthr") + chunk("ee\n") + "0\r\n\r\n"};
  const Heard heard = listen(server);
  EXPECT_TRUE(heard.is_open);
  EXPECT_THAT(heard.lines, ElementsAre("one", "two", "three"));
  EXPECT_EQ(heard.end->kind, HttpFailure::closed) << heard.end->text;
}

TEST(HttpStream, GivesEachLineWhenItComes) {
  // The server waits for the first line to be heard before it says the second.
  std::atomic_int heard_lines = 0;
  FakeServer server{[&](const FakeServer::Send& send) {
    send(chunked);
    send(chunk("one\n"));
    heard_lines.wait(0);
    send(chunk("two\n"));
    heard_lines.wait(1);
  }};
  boost::asio::io_context loop;
  Heard heard;
  auto handlers = heard.handlers();
  handlers.on_line = [&](std::string_view line) {
    heard.lines.emplace_back(line);
    ++heard_lines;
    heard_lines.notify_one();
  };
  const auto stream = http_stream(loop, server.take_client(), "/events", {}, std::move(handlers));
  loop.run_for(patience);
  heard_lines = 2;  // lets the server end when the test has failed
  heard_lines.notify_one();
  EXPECT_THAT(heard.lines, ElementsAre("one", "two"));
}

TEST(HttpStream, EndsWithTheServerAndKeepsWhatCameBefore) {
  FakeServer server{chunked + chunk("one\nhalf")};
  const Heard heard = listen(server);
  EXPECT_THAT(heard.lines, ElementsAre("one"));
  EXPECT_EQ(heard.end->kind, HttpFailure::closed) << heard.end->text;
}

TEST(HttpStream, OpensOnStatus200Only) {
  FakeServer server{"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\nfour"};
  const Heard heard = listen(server);
  EXPECT_FALSE(heard.is_open);
  EXPECT_THAT(heard.lines, ElementsAre());
  EXPECT_EQ(heard.end->kind, HttpFailure::status);
  EXPECT_EQ(heard.end->text, "answered with status 500");
}

TEST(HttpStream, StopsAtALineWithoutAnEnd) {
  FakeServer server{[](const FakeServer::Send& send) {
    if (!send(chunked + chunk("one\n"))) return;
    while (send(chunk(std::string(4096, 'x')))) {
    }
  }};
  const Heard heard = listen(server, {.line = 65536, .long_line = 65536});
  EXPECT_THAT(heard.lines, ElementsAre("one"));
  EXPECT_EQ(heard.long_lines, 0);
  EXPECT_EQ(heard.end->kind, HttpFailure::too_large) << heard.end->text;
}

TEST(HttpStream, StopsAtAHeaderWithoutAnEnd) {
  FakeServer server{[](const FakeServer::Send& send) {
    if (!send("HTTP/1.1 200 OK\r\n")) return;
    while (send("A: b\r\n")) {
    }
  }};
  const Heard heard = listen(server, {.timeout = 60s});
  EXPECT_FALSE(heard.is_open);
  EXPECT_EQ(heard.end->kind, HttpFailure::too_large) << heard.end->text;
}

TEST(HttpStream, GoesOnBehindALongLine) {
  FakeServer server{chunked + chunk("one\n" + std::string(100000, 'x')) + chunk("\ntwo\n") + "0\r\n\r\n"};
  const Heard heard = listen(server, {.line = 65536});
  EXPECT_THAT(heard.lines, ElementsAre("one", "two"));
  EXPECT_EQ(heard.long_lines, 1);
  EXPECT_EQ(heard.end->kind, HttpFailure::closed) << heard.end->text;
}

TEST(HttpStream, IsNotLimitedInItsWholeLength) {
  constexpr int count = 20000;
  FakeServer server{[](const FakeServer::Send& send) {
    send(chunked);
    for (int i = 0; i < count; ++i) send(chunk("a line of some bytes\n"));
    send("0\r\n\r\n");
  }};
  EXPECT_EQ(listen(server, {.body = 16, .line = 64}).lines.size(), std::size_t{count});
}

TEST(HttpStream, HasADeadlineForTheHeader) {
  FakeServer server{[](const FakeServer::Send& send) {
    send("HTTP/1.1 200 OK\r\n");
    while (send("A: b\r\n")) std::this_thread::sleep_for(10ms);
  }};
  const Heard heard = listen(server, {.timeout = 50ms});
  EXPECT_FALSE(heard.is_open);
  EXPECT_EQ(heard.end->kind, HttpFailure::timeout) << heard.end->text;
}

TEST(HttpStream, MayBeSilentLongerThanTheDeadlineOfItsHeader) {
  FakeServer server{[](const FakeServer::Send& send) {
    send(chunked);
    std::this_thread::sleep_for(
        200ms);  // four deadlines, and no condition to wait for: it is the silence that counts
    send(chunk("one\n"));
  }};
  EXPECT_THAT(listen(server, {.timeout = 50ms}).lines, ElementsAre("one"));
}

TEST(HttpStream, MayBeDestroyedByALine) {
  FakeServer server{chunked + chunk("one\ntwo\n")};
  boost::asio::io_context loop;
  Heard heard;
  std::unique_ptr<HttpExchange> stream;
  auto handlers = heard.handlers();
  handlers.on_line = [&](std::string_view line) {
    heard.lines.emplace_back(line);
    stream.reset();
  };
  stream = http_stream(loop, server.take_client(), "/events", {}, std::move(handlers));
  loop.run_for(patience);
  EXPECT_THAT(heard.lines, ElementsAre("one"));
  EXPECT_FALSE(heard.end);
  EXPECT_TRUE(loop.stopped()) << "an operation is left behind";
}

}  // namespace
}  // namespace dropwarden::net
