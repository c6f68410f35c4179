// SPDX-License-Identifier: Apache-2.0
#include "privilege/request_filter.hpp"

#include <array>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "dropwarden/net/grpc.hpp"
#include "dropwarden/net/http.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::privilege {
namespace {

using namespace std::chrono_literals;

struct Pair {
  Pair() {
    std::array<int, 2> numbers{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, numbers.data()) != 0)
      throw sys::SystemError(sys::last_error("socketpair"));
    client = sys::Fd{numbers[0]};
    runtime = sys::Fd{numbers[1]};
  }
  // All that the loop has written to the runtime.
  std::string heard(boost::asio::io_context& loop) const {
    std::string all;
    std::array<char, 65536> buffer{};
    for (int rest = 3, tries = 0; rest > 0 && tries < 1000; ++tries) {
      loop.run_for(10ms);
      const auto before = all.size();
      for (ssize_t got = 0; (got = ::recv(runtime.number(), buffer.data(), buffer.size(), 0)) > 0;)
        all.append(buffer.data(), static_cast<std::size_t>(got));
      if (!all.empty() && all.size() == before) --rest;
    }
    return all;
  }
  sys::Fd client;
  sys::Fd runtime;
};

// What the program itself writes.
std::string call(const std::vector<std::string>& methods, const std::string& message = "request") {
  Pair pair;
  boost::asio::io_context loop;
  net::GrpcChannel channel(loop, std::move(pair.client));
  for (const auto& method : methods) {
    channel.unary({.method = method,
                   .message = message,
                   .timeout = 2000ms,
                   .metadata = {{"containerd-namespace", "k8s.io"}}},
                  [](const auto&) {});
  }
  return pair.heard(loop);
}

std::string get(const std::string& target) {
  Pair pair;
  boost::asio::io_context loop;
  const auto exchange = net::http_get(loop, std::move(pair.client), target, {}, [](const auto&) {});
  return pair.heard(loop);
}

TEST(GrpcRequestFilter, PassesEachCallThatTheProgramMakesAsItIs) {
  const auto bytes = call({"/runtime.v1.RuntimeService/Version", "/runtime.v1.RuntimeService/ListContainers",
                           "/containerd.services.events.v1.Events/Subscribe"});
  ASSERT_GT(bytes.size(), 100U);
  GrpcRequestFilter whole;
  EXPECT_EQ(whole.pass(bytes), bytes);
  GrpcRequestFilter piecemeal;
  std::string passed;
  for (const char byte : bytes) {
    const auto out = piecemeal.pass({&byte, 1});
    ASSERT_TRUE(out) << out.error();
    passed += *out;
  }
  EXPECT_EQ(passed, bytes);
}

TEST(GrpcRequestFilter, PassesNoCallThatChangesAnything) {
  for (const char* method :
       {"/runtime.v1.RuntimeService/RunPodSandbox", "/runtime.v1.RuntimeService/Exec",
        "/containerd.services.tasks.v1.Tasks/Exec", "/runtime.v1.RuntimeService/Version/../Exec", "/"}) {
    GrpcRequestFilter filter;
    const auto passed = filter.pass(call({"/runtime.v1.RuntimeService/Version", method}));
    ASSERT_FALSE(passed) << method;
    EXPECT_EQ(passed.error(), "another request");
  }
}

TEST(GrpcRequestFilter, EndsAtWhatIsNoFrameOfOurs) {
  const auto first = call({"/runtime.v1.RuntimeService/Version"});
  const auto refusal = [&](const std::string& frame) {
    GrpcRequestFilter filter;
    EXPECT_TRUE(filter.pass(first));
    const auto passed = filter.pass(frame);
    return passed ? std::string{} : passed.error();
  };
  using namespace std::string_literals;
  EXPECT_EQ(refusal("\0\0\0\x09\4\0\0\0\1"s), "a frame of another kind") << "CONTINUATION";
  EXPECT_EQ(refusal("\0\0\0\5\4\0\0\0\2"s), "a frame of another kind") << "PUSH_PROMISE";
  EXPECT_EQ(refusal("\xff\xff\xff\4\0\0\0\0\0"s), "a long frame");
  EXPECT_EQ(refusal("\0\0\0\0\0\0\0\0\1"s), "data of no request") << "after its end";
  EXPECT_EQ(refusal("\0\0\0\1\0\0\0\0\3"s), "other flags") << "headers to be continued";
  EXPECT_EQ(refusal("\0\0\0\1\4\0\0\0\1"s), "another stream") << "trailers";
  EXPECT_EQ(refusal("\0\0\0\1\4\0\0\0\3"s), "half a request");
  EXPECT_EQ(refusal("\0\0\1\1\4\0\0\0\3\xff"s), "headers that cannot be decompressed");
  EXPECT_EQ(refusal("\0\0\4\3\0\0\0\0\1\0\0\0\x08"s), "") << "RST_STREAM";
  GrpcRequestFilter filter;
  EXPECT_FALSE(filter.pass("GET /containers/json HTTP/1.1\r\n"));
}

TEST(GrpcRequestFilter, BoundsARequest) {
  GrpcRequestFilter filter;
  const auto passed =
      filter.pass(call({"/runtime.v1.RuntimeService/Version"}, std::string(std::size_t{60} << 10U, 'x')));
  EXPECT_TRUE(passed) << passed.error();
}

TEST(HttpRequestFilter, PassesEachGetThatTheProgramMakesAsItIs) {
  for (const char* target :
       {"/_ping", "/containers/json?all=1", "/containers/0123abc/json", "/images/sha256:0123abc/json",
        "/events?since=1700000000&filters=%7B%22type%22%3A%5B%22container%22%5D%7D"}) {
    HttpRequestFilter filter;
    const auto bytes = get(target);
    ASSERT_GT(bytes.size(), 20U);
    EXPECT_EQ(filter.pass(bytes.substr(0, 10)), "");
    EXPECT_EQ(filter.pass(bytes.substr(10)), bytes) << target;
    EXPECT_FALSE(filter.pass("GET /_ping HTTP/1.1\r\n\r\n")) << "a second one";
  }
}

TEST(HttpRequestFilter, PassesNothingElse) {
  for (const char* target :
       {"/containers/../images/x/json", "/containers/a/b/json", "/containers//json", "/containers/create",
        "/images/json", "/events?since=x", "/_ping?x=1", "/containers/%2e%2e/json", "/containers/../json"})
    EXPECT_FALSE(HttpRequestFilter::is_allowed_target(target)) << target;
  for (const char* bytes :
       {"POST /_ping HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /_ping HTTP/1.1\r\nUpgrade: tcp\r\n\r\n",
        "GET /_ping HTTP/1.1\r\nContent-Length: 3\r\n\r\n", "GET /_ping HTTP/1.1\r\n\r\nmore",
        "GET /_ping HTTP/1.1\r\nUser-Agent: dropwarden/1\nUpgrade: tcp\r\n\r\n",
        "GET  /_ping HTTP/1.1\r\n\r\n", "\r\n\r\n"})
    EXPECT_FALSE(HttpRequestFilter().pass(bytes)) << bytes;
  EXPECT_FALSE(HttpRequestFilter().pass(std::string(2000, 'x')));
}

}  // namespace
}  // namespace dropwarden::privilege
