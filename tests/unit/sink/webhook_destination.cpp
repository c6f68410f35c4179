// SPDX-License-Identifier: Apache-2.0
// Against a server of HTTP and TLS in this process, with certificates that openssl(1) makes.
#include "dropwarden/sink/webhook_destination.hpp"

#include <chrono>
#include <string>
#include <vector>
#include <zlib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/certificate.hpp"
#include "support/https_server.hpp"

namespace dropwarden::sink {
namespace {

using namespace std::chrono_literals;
using test::HttpsServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

std::vector<model::SharedMessage> messages(const std::vector<std::string>& bodies) {
  std::vector<model::SharedMessage> made;
  for (const auto& body : bodies)
    made.push_back(std::make_shared<const model::Message>(model::Message{
        .number = made.size() + 1, .encoding = "native", .id = body, .time = {}, .body = body}));
  return made;
}

const test::PemFiles& pem() {
  static const test::PemFiles files = test::make_certificate();
  return files;
}

WebhookSettings settings(const HttpsServer& server, bool is_secure = true) {
  WebhookSettings settings;
  settings.url = {.is_secure = is_secure, .host = "localhost", .port = server.port(), .target = "/in?a=b"};
  settings.tls.authorities = pem().authority;
  settings.timeout = 20s;
  return settings;
}

TEST(Webhook, PostsOverTlsOnOneConnection) {
  HttpsServer server(&pem(), {200});
  auto wanted = settings(server);
  wanted.fields = {{"X-Token", "secret"}};
  const auto webhook = make_webhook_destination(wanted);
  for (const char* body : {"{\"a\":1}", "{\"a\":2}"}) {
    const Sent sent = webhook->send(messages({body}));
    EXPECT_EQ(sent.taken, 1U) << sent.problem;
  }
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].body, "{\"a\":1}");
  EXPECT_EQ(requests[0].target, "/in?a=b");
  EXPECT_EQ(requests[0].content_type, "application/json");
  EXPECT_EQ(requests[0].token, "secret");
  EXPECT_EQ(requests[0].host, "localhost:" + std::to_string(server.port()));
  EXPECT_EQ(server.connections(), 1U);
}

TEST(Webhook, BelievesOnlyTheServerThatItIsToldToBelieve) {
  HttpsServer server(&pem(), {200});
  auto none = settings(server);
  none.tls.authorities.clear();
  EXPECT_THAT(make_webhook_destination(none)->send(messages({"a"})).problem, HasSubstr("verify"));
  auto other = settings(server);
  other.url.host = "127.0.0.2";  // reached through the loopback, and not in the certificate
  EXPECT_EQ(make_webhook_destination(other)->send(messages({"a"})).taken, 0U);
  EXPECT_TRUE(server.requests().empty());
  auto broken = settings(server);
  broken.tls.authorities = "no pem";
  EXPECT_THROW(make_webhook_destination(broken), net::BadTls);
}

TEST(Webhook, ShowsItsCertificate) {
  HttpsServer server(&pem(), {200}, true);
  EXPECT_EQ(make_webhook_destination(settings(server))->send(messages({"a"})).taken, 0U);
  auto wanted = settings(server);
  wanted.tls.certificate = pem().certificate;
  wanted.tls.key = pem().key;
  const Sent sent = make_webhook_destination(wanted)->send(messages({"a"}));
  EXPECT_EQ(sent.taken, 1U) << sent.problem;
}

TEST(Webhook, SendsBatchesAsCompressedLines) {
  HttpsServer server(nullptr, {202});
  auto wanted = settings(server, false);
  wanted.batch = 10;
  wanted.is_compressed = true;
  const auto webhook = make_webhook_destination(wanted);
  EXPECT_EQ(webhook->max_messages(), 10U);
  EXPECT_EQ(webhook->send(messages({"1", "2"})).taken, 2U);
  const auto request = server.requests().at(0);
  EXPECT_EQ(request.encoding, "gzip");
  EXPECT_EQ(request.content_type, "application/x-ndjson");
  EXPECT_EQ(request.body, compress("1\n2\n"));
}

TEST(Webhook, MakesGzipThatZlibReads) {
  const std::string text(100'000, 'x');
  const std::string packed = compress(text);
  EXPECT_LT(packed.size(), 1000U);
  std::string unpacked(text.size() + 1, '\0');
  z_stream stream{};
  ASSERT_EQ(::inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(unpacked.data());
  stream.avail_out = static_cast<uInt>(unpacked.size());
  EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END);
  unpacked.resize(stream.total_out);
  ::inflateEnd(&stream);
  EXPECT_EQ(unpacked, text);
}

TEST(Webhook, HasNothingTakenByAServerThatFailsAndAllOnceItIsWell) {
  HttpsServer server(&pem(), {500, 429, 404, 0, 0, 200});
  const auto webhook = make_webhook_destination(settings(server));
  for (int i = 0; i < 4; ++i) {
    const Sent sent = webhook->send(messages({"a"}));
    EXPECT_EQ(sent.taken, 0U);
    EXPECT_FALSE(sent.is_refused);
    EXPECT_NE(sent.problem, "");
  }
  EXPECT_EQ(webhook->send(messages({"a"})).taken, 1U);
}

TEST(Webhook, FindsTheOneThatIsRefusedInABatch) {
  HttpsServer server(nullptr, {400, 200, 400, 200});
  auto wanted = settings(server, false);
  wanted.batch = 3;
  const auto webhook = make_webhook_destination(wanted);
  const auto batch = messages({"1", "bad", "3"});
  EXPECT_EQ(webhook->send(batch).taken, 1U) << "the first alone";
  const Sent refused = webhook->send(std::span(batch).subspan(1));
  EXPECT_TRUE(refused.is_refused);
  EXPECT_THAT(refused.problem, HasSubstr("status 400 why\\n"));
  EXPECT_EQ(webhook->send(std::span(batch).subspan(2)).taken, 1U);
}

TEST(Webhook, EndsWithAServerThatDoesNotAnswer) {
  boost::asio::io_context loop;
  boost::asio::ip::tcp::acceptor acceptor(loop, {boost::asio::ip::make_address("127.0.0.1"), 0});
  WebhookSettings wanted;
  wanted.url = {.is_secure = true, .host = "127.0.0.1", .port = acceptor.local_endpoint().port()};
  wanted.timeout = 50ms;
  EXPECT_EQ(make_webhook_destination(wanted)->send(messages({"a"})).taken, 0U);
  wanted.timeout = 60s;
  const auto webhook = make_webhook_destination(wanted);
  std::thread canceller([&] {
    // The first was given up.
    const auto first = acceptor.accept();
    const auto second = acceptor.accept();
    webhook->cancel();
  });
  EXPECT_EQ(webhook->send(messages({"a"})).taken, 0U) << "it is cancelled long before its time is up";
  canceller.join();
}

TEST(HeaderLines, AreNameAndValue) {
  EXPECT_THAT(parse_header_lines("# comment\n\nAuthorization: Bearer a:b \r\nX-Empty:\n"),
              ElementsAre(Pair("Authorization", "Bearer a:b"), Pair("X-Empty", "")));
  for (const char* text : {"secret", ": secret", "a b: secret", "a: \x01secret"}) {
    try {
      parse_header_lines(std::string("X: y\n") + text);
      ADD_FAILURE() << text;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), HasSubstr("line 2"));
      EXPECT_THAT(error.what(), Not(HasSubstr("secret")));
    }
  }
}

}  // namespace
}  // namespace dropwarden::sink
