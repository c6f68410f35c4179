// SPDX-License-Identifier: Apache-2.0
#include "privilege/relay.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

#include "support/wait.hpp"

namespace dropwarden::privilege {
namespace {

using namespace std::chrono_literals;

const std::string request =
    "GET /_ping HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nConnection: close\r\n\r\n";

struct Conversation {
  sys::Fd runtime;
  sys::Result<sys::Fd> client;
};

Conversation converse() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    throw sys::SystemError(sys::last_error("socketpair"));
  return {.runtime = sys::Fd{ends[0]},
          .client = relay(sys::Fd{ends[1]}, std::make_unique<HttpRequestFilter>())};
}

// Of this process, the one that asks left out.
bool are_other_threads_asleep() {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(::gettid())) continue;
    const auto stat = sys::read_file(task.path() / "stat", 4096).value_or("");
    const auto name_end = stat.rfind(") ");
    if (name_end != std::string::npos && stat[name_end + 2] != 'S') return false;
  }
  return true;
}

class Relayed : public testing::Test {
 protected:
  Relayed() {
    auto conversation = converse();
    runtime_ = std::move(conversation.runtime);
    client_ = sys::value_or_throw(std::move(conversation.client));
  }

  // Until nobody takes any more.
  void fill(const sys::Fd& socket) {
    const std::string text(std::size_t{64} << 10U, 'x');
    const auto is_full = [&] {
      while (::send(socket.number(), text.data(), text.size(), MSG_NOSIGNAL) > 0) {
      }
      return errno == EAGAIN && are_other_threads_asleep();
    };
    ASSERT_TRUE(test::wait_for(is_full, 10s));
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

// One that spun would never sleep, and how much of a busy machine's processor it got would tell nothing.
TEST_F(Relayed, AnAnswerThatNobodyTakesLetsTheThreadSleepAlsoWhenTheRuntimeHasGone) {
  say(client_, request);
  hear(runtime_, request.size());
  fill(runtime_);
  runtime_.reset();
  EXPECT_TRUE(test::wait_for(are_other_threads_asleep, 10s));
  while (!hear(client_, 1).empty()) {
  }
}

TEST_F(Relayed, ThereAreSixtyFourAtOnceAndNoMore) {
  std::vector<Conversation> others;
  // Those of tests before this one may not have ended yet.
  const auto is_one_more = [&] {
    auto next = converse();
    if (!next.client) return false;
    others.push_back(std::move(next));
    return true;
  };
  while (others.size() < 63) ASSERT_TRUE(test::wait_for(is_one_more, 10s)) << others.size();
  const auto refused = converse();
  ASSERT_FALSE(refused.client);
  EXPECT_EQ(refused.client.error().number, EAGAIN);
  EXPECT_EQ(hear(refused.runtime, 1), "") << "the runtime's socket is closed";
  others.pop_back();
  EXPECT_TRUE(test::wait_for(is_one_more, 10s)) << "what has ended makes room";
  // Leaves none to the next test: a conversation no longer counts when its sockets are closed.
  for (const auto& other : others) {
    ::shutdown(other.client->number(), SHUT_RDWR);
    EXPECT_EQ(hear(other.runtime, 1), "");
  }
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
