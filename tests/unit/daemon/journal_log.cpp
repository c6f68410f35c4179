// SPDX-License-Identifier: Apache-2.0
#include "daemon/journal_log.hpp"

#include <array>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include "support/temporary_directory.hpp"

namespace dropwarden::daemon {
namespace {

// What is there in the place of journald.
class FakeJournal {
 public:
  explicit FakeJournal(std::string path)
      : path_(std::move(path)), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    struct sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.size());
    if (::bind(socket_.number(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot bind " + path_);
  }
  const std::string& path() const { return path_; }
  // Empty when there is none.
  std::string next() const {
    std::string entry(1 << 16, '\0');
    const auto got = ::recv(socket_.number(), entry.data(), entry.size(), MSG_DONTWAIT);
    entry.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return entry;
  }

 private:
  std::string path_;
  sys::Fd socket_;
};

spdlog::logger make_logger(sys::Fd socket, std::ostream& otherwise) {
  return {"test",
          make_journal_sink(std::move(socket), std::make_shared<spdlog::sinks::ostream_sink_mt>(otherwise))};
}

TEST(JournalLog, SendsTextLevelAndMeaning) {
  const test::TemporaryDirectory directory;
  const FakeJournal journal(directory.path() / "socket");
  std::ostringstream otherwise;
  auto logger = make_logger(connect_journal(journal.path()), otherwise);
  logger.error("lost {}\nof many", "something");
  using namespace std::string_literals;
  EXPECT_EQ(journal.next(),
            "PRIORITY=3\nSYSLOG_IDENTIFIER=dropwarden\n"
            "MESSAGE_ID=a805a920e0d18b928201b392f274f4a0\n"
            "MESSAGE\n\x16\0\0\0\0\0\0\0lost something\nof many\n"s);
  logger.info("ready");
  EXPECT_EQ(journal.next(), "PRIORITY=6\nSYSLOG_IDENTIFIER=dropwarden\nMESSAGE\n\x05\0\0\0\0\0\0\0ready\n"s);
  EXPECT_EQ(otherwise.str(), "");
}

TEST(JournalLog, WritesToStandardErrorWhatTheJournalDoesNotTake) {
  const test::TemporaryDirectory directory;
  auto journal = std::make_unique<FakeJournal>(directory.path() / "socket");
  std::ostringstream otherwise;
  auto logger = make_logger(connect_journal(journal->path()), otherwise);
  journal.reset();
  logger.warn("nobody reads this there");
  EXPECT_THAT(otherwise.str(), testing::HasSubstr("nobody reads this there"));
}

TEST(JournalLog, DoesNotWaitForAJournalThatDoesNotRead) {
  const test::TemporaryDirectory directory;
  const FakeJournal journal(directory.path() / "socket");
  std::ostringstream otherwise;
  auto logger = make_logger(connect_journal(journal.path()), otherwise);
  for (int i = 0; i < 100'000 && otherwise.str().empty(); ++i) logger.warn("one of many");
  EXPECT_THAT(otherwise.str(), testing::HasSubstr("one of many"));
}

TEST(JournalLog, FindsNoJournalWhereThereIsNone) {
  EXPECT_FALSE(connect_journal("/nonexistent/socket"));
  EXPECT_FALSE(connect_journal(std::string(200, 'x')));
}

TEST(JournalLog, BelievesWhatSystemdSaysOfADescriptorOnlyOfThatOne) {
  const sys::Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  struct stat status{};
  ASSERT_EQ(::fstat(null.number(), &status), 0);
  const auto told = fmt::format("{}:{}", status.st_dev, status.st_ino);
  EXPECT_TRUE(is_journal(null.number(), told.c_str()));
  EXPECT_FALSE(is_journal(null.number(), (told + "1").c_str()));
  EXPECT_FALSE(is_journal(null.number(), nullptr));
  EXPECT_FALSE(is_journal(-1, told.c_str()));
}

TEST(JournalLog, HasACatalogOfItsMeanings) {
  std::ifstream in(std::string(DROPWARDEN_PACKAGING_DIRECTORY) + "/systemd/dropwarden.catalog");
  const std::string catalog{std::istreambuf_iterator<char>(in), {}};
  std::set<std::string> described;
  const std::regex entry("\n-- ([0-9a-f]{32})\nSubject: .+\nDefined-By: dropwarden\n");
  for (std::sregex_iterator at(catalog.begin(), catalog.end(), entry), end; at != end; ++at)
    EXPECT_TRUE(described.insert((*at)[1]).second) << (*at)[1];
  for (const auto level : {spdlog::level::warn, spdlog::level::err, spdlog::level::critical})
    EXPECT_TRUE(described.contains(std::string(message_id_of(level))));
  // The other is a finding's.
  EXPECT_EQ(described.size(), 4U);
  EXPECT_EQ(message_id_of(spdlog::level::info), "");
}

}  // namespace
}  // namespace dropwarden::daemon
