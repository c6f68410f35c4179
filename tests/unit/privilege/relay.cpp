// SPDX-License-Identifier: Apache-2.0
#include "privilege/relay.hpp"

#include <array>
#include <poll.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "support/wait.hpp"

namespace dropwarden::privilege {
namespace {

using namespace std::chrono_literals;

const std::string request =
    "GET /_ping HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nConnection: close\r\n\r\n";

class Relayed : public testing::Test {
 protected:
  Relayed() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
      throw sys::SystemError(sys::last_error("socketpair"));
    runtime_ = sys::Fd{ends[0]};
    client_ = sys::value_or_throw(relay(sys::Fd{ends[1]}, std::make_unique<HttpRequestFilter>()));
  }

  static void say(const sys::Fd& socket, const std::string& text) {
    ASSERT_EQ(::send(socket.number(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // As many bytes as `size`, or all until the end.
  static std::string hear(const sys::Fd& socket, std::size_t size) {
    std::string all;
    std::array<char, 65536> buffer{};
    while (all.size() < size) {
      struct pollfd polled{socket.number(), POLLIN, 0};
      if (::poll(&polled, 1, 10'000) != 1) return "nothing came: " + all;
      const auto got = ::recv(socket.number(), buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

  sys::Fd runtime_;
  sys::Fd client_;
};

TEST_F(Relayed, RequestsAndAnswersArrive) {
  say(client_, request);
  EXPECT_EQ(hear(runtime_, request.size()), request);
  say(runtime_, "anything at all\n");
  EXPECT_EQ(hear(client_, 16), "anything at all\n");
  runtime_.reset();
  EXPECT_EQ(hear(client_, 1), "") << "the end";
}

TEST_F(Relayed, AnAnswerThatIsLongerThanAllBuffersArrivesWholeAndNobodySpins) {
  say(client_, request);
  hear(runtime_, request.size());
  const std::string answer(std::size_t{4} << 20U, 'x');
  std::size_t said = 0;
  std::string heard;
  while (heard.size() < answer.size()) {
    const auto put = ::send(runtime_.number(), answer.data() + said, answer.size() - said, MSG_NOSIGNAL);
    if (put > 0) said += static_cast<std::size_t>(put);
    if (said == answer.size()) runtime_.reset();
    heard += hear(client_, 1);
  }
  EXPECT_EQ(heard, answer);
}

TEST_F(Relayed, WhatIsNotAllowedEndsTheConversationUnheard) {
  say(client_, "POST /containers/create HTTP/1.1\r\n\r\n");
  EXPECT_EQ(hear(client_, 1), "");
  EXPECT_EQ(hear(runtime_, 1), "");
}

TEST_F(Relayed, TheEndOfTheClientIsTheEnd) {
  say(client_, request);
  hear(runtime_, request.size());
  client_.reset();
  EXPECT_EQ(hear(runtime_, 1), "");
}

}  // namespace
}  // namespace dropwarden::privilege
