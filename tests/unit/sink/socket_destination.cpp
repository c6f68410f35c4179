// SPDX-License-Identifier: Apache-2.0
// Against real sockets of this machine.
#include "dropwarden/sink/socket_destination.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <span>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sink/journal_entry.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/time.hpp"

#include "sample.hpp"
#include "support/free_port.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::sink {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;

std::vector<model::SharedMessage> messages(const std::vector<std::string>& bodies) {
  std::vector<model::SharedMessage> made;
  for (const auto& body : bodies)
    made.push_back(
        std::make_shared<const model::Message>(model::Message{.number = made.size() + 1,
                                                              .encoding = "text",
                                                              .id = body,
                                                              .severity = model::Severity::critical,
                                                              .time = sample_finding().event.time,
                                                              .body = body}));
  return made;
}

class SocketDestination : public testing::Test {
 protected:
  std::string path() const { return directory_.path() / "s"; }
  sys::Fd bind_unix(int type) {
    ::unlink(path().c_str());
    sys::Fd socket{::socket(AF_UNIX, type | SOCK_CLOEXEC, 0)};
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path().copy(name.sun_path, sizeof name.sun_path - 1);
    EXPECT_EQ(::bind(socket.number(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    if (type == SOCK_STREAM) {
      EXPECT_EQ(::listen(socket.number(), 8), 0);
    }
    return socket;
  }
  static test::LoopbackSocket bind_host(int type) {
    test::LoopbackSocket bound = test::bind_loopback(type);
    if (type == SOCK_STREAM) {
      EXPECT_EQ(::listen(bound.socket.number(), 8), 0);
    }
    return bound;
  }

 private:
  const test::TemporaryDirectory directory_;
};

std::string receive(int socket, std::size_t bytes) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.size() < bytes) {
    const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

TEST_F(SocketDestination, WritesLinesToAUnixSocket) {
  const sys::Fd listener = bind_unix(SOCK_STREAM);
  std::string received;
  std::thread reader([&] {
    const sys::Fd peer{::accept(listener.number(), nullptr, nullptr)};
    received = receive(peer.number(), 6);
  });
  const auto destination = make_unix_destination(path());
  const Sent sent = destination->send(messages({"a", "bcd"}));
  reader.join();
  EXPECT_EQ(sent.taken, 2U) << sent.problem;
  EXPECT_EQ(received, "a\nbcd\n");
}

TEST_F(SocketDestination, HasNothingTakenByAReaderThatClosesEarlyAndAllByTheNext) {
  const auto destination = make_unix_destination(path());
  EXPECT_THAT(destination->send(messages({"a"})).problem, HasSubstr("No such file"));
  const sys::Fd listener = bind_unix(SOCK_STREAM);
  std::thread closer([&] { sys::Fd{::accept(listener.number(), nullptr, nullptr)}; });
  const Sent lost = destination->send(messages({"a"}));
  closer.join();
  EXPECT_EQ(lost.taken, 0U);
  EXPECT_NE(lost.problem, "");
  std::string received;
  std::thread reader([&] {
    const sys::Fd peer{::accept(listener.number(), nullptr, nullptr)};
    received = receive(peer.number(), 2);
  });
  EXPECT_EQ(destination->send(messages({"a"})).taken, 1U);
  reader.join();
  EXPECT_EQ(received, "a\n");
}

TEST_F(SocketDestination, WaitsForAReaderThatStallsUntilItIsCancelled) {
  const sys::Fd listener = bind_unix(SOCK_STREAM);
  const auto destination = make_unix_destination(path());
  sys::Fd peer;  // stays until nothing is sent any more: a reader that closes is another matter
  std::thread canceller([&] {
    peer = sys::Fd{::accept(listener.number(), nullptr, nullptr)};
    destination->cancel();
  });
  const Sent sent = destination->send(messages({"a"}));
  canceller.join();
  EXPECT_EQ(sent.taken, 0U) << "nobody has read it";
  EXPECT_THAT(sent.problem, HasSubstr("cancel"));
}

// Reads as many `bytes` each time, at such a pace that `total`, a multiple of that, takes `time`.
void read_slowly(int socket, std::size_t total, std::size_t bytes, std::chrono::milliseconds time) {
  std::string buffer(bytes, '\0');
  for (std::size_t read = 0; read < total; read += bytes) {
    std::this_thread::sleep_for(time * bytes / total);
    if (::recv(socket, buffer.data(), bytes, MSG_WAITALL) <= 0) return;
  }
}

TEST_F(SocketDestination, WaitsForASlowReaderAsLongAsItReads) {
  constexpr auto stall = 1500ms;
  const sys::Fd listener = bind_unix(SOCK_STREAM);
  const auto destination = make_unix_destination(path(), stall);
  // All at once fits into the socket, which leaves the waiting to the end; or far from that.
  for (const std::size_t size : {std::size_t{1023}, std::size_t{8191}}) {
    const auto sent = messages(std::vector<std::string>(64, std::string(size, 'x')));
    std::thread reader([&] {
      const sys::Fd peer{::accept(listener.number(), nullptr, nullptr)};
      read_slowly(peer.number(), 64 * (size + 1), size + 1, 2 * stall);
    });
    const Sent taken = destination->send(sent);
    reader.join();
    EXPECT_EQ(taken.taken, 64U) << taken.problem;
  }
}

TEST_F(SocketDestination, SeesThatALongMessageIsBeingRead) {
  constexpr auto stall = 1500ms;
  constexpr std::size_t size = std::size_t{32} * 1024;  // a unix socket would take it as a whole
  const sys::Fd listener = bind_unix(SOCK_STREAM);
  std::thread reader([&] {
    const sys::Fd peer{::accept(listener.number(), nullptr, nullptr)};
    read_slowly(peer.number(), size, 1024, 2 * stall);
  });
  const Sent sent = make_unix_destination(path(), stall)->send(messages({std::string(size - 1, 'x')}));
  reader.join();
  EXPECT_EQ(sent.taken, 1U) << sent.problem;
}

TEST_F(SocketDestination, GivesUpAReaderThatTakesNothing) {
  const sys::Fd listener = bind_unix(SOCK_STREAM);
  // The latter does not fit into the socket.
  for (const std::size_t size : {std::size_t{1}, std::size_t{1} << 20U}) {
    const Sent sent = make_unix_destination(path(), 50ms)->send(messages({std::string(size, 'x')}));
    EXPECT_EQ(sent.taken, 0U);
    EXPECT_THAT(sent.problem, HasSubstr("timed out"));
  }
}

TEST_F(SocketDestination, SendsFewerAtOnceToAReaderThatStallsAfterEach) {
  const sys::Fd listener = bind_unix(SOCK_STREAM);
  const auto destination = make_unix_destination(path(), 100ms);
  const auto all = messages(std::vector<std::string>(destination->max_messages(), "x"));
  std::vector<sys::Fd> peers;  // none is closed: a reader that closes is another matter
  Sent sent;
  for (std::size_t turn = 0; turn < 10 && sent.taken == 0; ++turn) {
    std::thread reader([&] {
      peers.emplace_back(::accept(listener.number(), nullptr, nullptr));
      read_slowly(peers.back().number(), 2, 2, 0ms);
    });
    sent = destination->send(std::span(all).first(destination->max_messages()));
    reader.join();
  }
  EXPECT_EQ(sent.taken, 1U) << sent.problem;
  EXPECT_EQ(destination->max_messages(), 2U) << "more again as soon as it takes them";
}

TEST_F(SocketDestination, CountsOctetsOverTcp) {
  const auto [listener, port] = bind_host(SOCK_STREAM);
  std::string received;
  std::thread reader([&, socket = listener.number()] {
    const sys::Fd peer{::accept(socket, nullptr, nullptr)};
    received = receive(peer.number(), 100);
  });
  const SyslogSettings settings{
      .transport = SyslogTransport::tcp, .target = "127.0.0.1", .port = port, .facility = 16, .node = "n"};
  const auto sent = messages({"one", "two\nlines"});
  EXPECT_EQ(make_syslog_destination(settings)->send(sent).taken, 2U);
  reader.join();
  std::string expected;
  for (const auto& message : sent) {
    const std::string text = format_syslog(*message, settings, ::getpid());
    expected += std::to_string(text.size()) + " " + text;
  }
  EXPECT_EQ(received, expected);
}

TEST_F(SocketDestination, SendsADatagramAMessage) {
  const auto [socket, port] = bind_host(SOCK_DGRAM);
  const auto destination = make_syslog_destination(
      {.transport = SyslogTransport::udp, .target = "127.0.0.1", .port = port, .node = ""});
  EXPECT_EQ(destination->send(messages({"one"})).taken, 1U);
  EXPECT_THAT(receive(socket.number(), 1),
              MatchesRegex("<10>1 2026-11-23T04:00:00.123456Z - dropwarden [0-9]+ finding - one"));
  const Sent long_one = destination->send(messages({std::string(70'000, 'x')}));
  EXPECT_TRUE(long_one.is_refused) << "a datagram has no room for it";
}

TEST_F(SocketDestination, SpeaksToALocalSocketOfEitherKind) {
  const auto destination = make_syslog_destination({.target = path(), .node = "n"});
  {
    const sys::Fd socket = bind_unix(SOCK_DGRAM);
    EXPECT_EQ(destination->send(messages({"one"})).taken, 1U);
    EXPECT_THAT(receive(socket.number(), 1), testing::EndsWith("finding - one"));
  }
  const sys::Fd listener = bind_unix(SOCK_STREAM);
  std::string received;
  std::thread reader([&] {
    const sys::Fd peer{::accept(listener.number(), nullptr, nullptr)};
    received = receive(peer.number(), 40);
  });
  const auto other = make_syslog_destination({.target = path(), .node = "n"});
  EXPECT_EQ(other->send(messages({"two"})).taken, 1U);
  reader.join();
  EXPECT_THAT(received, testing::EndsWith("finding - two\n"));
}

TEST_F(SocketDestination, GivesTheJournalWhatIsTooLongAsASealedFile) {
  const msghdr nothing{};
  if (::sendmsg(-1, &nothing, 0) == 0)
    GTEST_SKIP() << "SKIP kernel: a message without bytes is not sent at all, as under an emulator";
  const sys::Fd socket = bind_unix(SOCK_DGRAM);
  const auto destination = make_journal_destination(path());
  const std::string long_one(std::size_t{1} << 20U, 'x');
  EXPECT_EQ(destination->send(messages({"short", long_one})).taken, 2U);
  EXPECT_EQ(receive(socket.number(), 1), "short");
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ASSERT_EQ(::recvmsg(socket.number(), &message, MSG_CMSG_CLOEXEC), 0);
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  ASSERT_NE(header, nullptr);
  int number = -1;
  std::memcpy(&number, CMSG_DATA(header), sizeof number);
  const sys::Fd file{number};
  EXPECT_EQ(::fcntl(number, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  EXPECT_EQ(::lseek(number, 0, SEEK_SET), 0);
  EXPECT_EQ(sys::read_file(number, 2U << 20U, "memfd"), long_one);
}

TEST(Journal, HasTheFactsAsFields) {
  auto finding = sample_finding();
  finding.event.file.path = "/a\nb";
  const std::string entry = format_journal(finding, Format::text);
  EXPECT_THAT(entry, HasSubstr("MESSAGE=" + format_text(finding, {}) + "\n"));
  EXPECT_THAT(entry, HasSubstr("\nPRIORITY=4\nSYSLOG_IDENTIFIER=dropwarden\n"));
  EXPECT_THAT(entry, HasSubstr("\nDROPWARDEN_ID=" + finding.id + "\n"));
  EXPECT_THAT(entry, HasSubstr("\nCONTAINER_NAME=web\n"));
  using namespace std::string_literals;
  EXPECT_THAT(entry, HasSubstr("\nDROPWARDEN_PATH\n\x04\0\0\0\0\0\0\0/a\nb\n"s));
}

}  // namespace
}  // namespace dropwarden::sink
