// SPDX-License-Identifier: Apache-2.0
#include "monitor/capture_worker.hpp"

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/attribute/sha256.hpp"

#include "monitor/hash_worker.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;
using model::CaptureStatus;
using model::HashStatus;

std::string hash_of(const std::string& bytes) {
  attribute::Sha256 sha256;
  sha256.add(std::as_bytes(std::span(bytes)));
  return sha256.digest();
}

std::string read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class CaptureWorkerTest : public testing::Test {
 protected:
  std::string directory() const { return directory_.path() / "captures"; }
  std::filesystem::path file() const { return directory_.path() / "dropped"; }
  void start(std::uint64_t max_bytes = std::uint64_t{1} << 30U) {
    worker_.emplace(loop_, config::Capture{.directory = directory(), .max_bytes = max_bytes},
                    [this](std::uint64_t, model::Capture capture) { copied_ = std::move(capture); });
  }
  model::Capture copy(Evidence evidence, const std::string& hash) {
    copied_.reset();
    EXPECT_TRUE(worker_->submit(
        {.serial = 1, .evidence = std::move(evidence), .hash = {.value = hash, .status = HashStatus::done}}));
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    loop_.restart();
    const auto guard = boost::asio::make_work_guard(loop_);
    while (!copied_ && std::chrono::steady_clock::now() < deadline) loop_.run_one_for(1s);
    return copied_.value_or(model::Capture{});
  }
  Evidence of_bytes(const std::string& bytes) {
    const auto raw = std::as_bytes(std::span(bytes));
    return {.place = std::move(*worker_->room().take_bytes(bytes.size())),
            .bytes = {raw.begin(), raw.end()},
            .file = {},
            .size = bytes.size()};
  }
  Evidence of_file(std::uint64_t size) {
    return {.place = std::move(*worker_->room().take_file()),
            .bytes = {},
            .file = sys::Fd(::open(file().c_str(), O_RDONLY | O_CLOEXEC)),
            .size = size};
  }
  std::uint64_t ended(CaptureStatus status) const {
    return worker_->report().ended.at(static_cast<std::size_t>(status));
  }

  std::optional<CaptureWorker> worker_;

 private:
  test::TemporaryDirectory directory_;
  boost::asio::io_context loop_;
  std::optional<model::Capture> copied_;
};

TEST_F(CaptureWorkerTest, CopiesBytesAndFilesUnderTheirHash) {
  start();
  const auto of_memory = copy(of_bytes("small"), hash_of("small"));
  EXPECT_EQ(of_memory.status, CaptureStatus::done);
  EXPECT_EQ(of_memory.path, directory() + "/" + hash_of("small"));
  const std::string large(300'001, 'x');
  std::ofstream(file()) << large;
  const auto of_disk = copy(of_file(large.size()), hash_of(large));
  EXPECT_EQ(of_disk.status, CaptureStatus::done);
  EXPECT_EQ(read_all(of_disk.path), large);
  EXPECT_EQ(ended(CaptureStatus::done), 2U);
  EXPECT_EQ(worker_->report().used_bytes, 4096U + large.size());
}

TEST_F(CaptureWorkerTest, MakesNoSecondCopyOfWhatIsThere) {
  start();
  const auto first = copy(of_bytes("same"), hash_of("same"));
  struct stat before{};
  ASSERT_EQ(::stat(first.path.c_str(), &before), 0);
  const auto second = copy(of_bytes("same"), hash_of("same"));
  struct stat after{};
  ASSERT_EQ(::stat(second.path.c_str(), &after), 0);
  EXPECT_EQ(second.status, CaptureStatus::done);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(CaptureWorkerTest, NamesWhatHasChangedByWhatItCopiedAndSaysSo) {
  start();
  std::ofstream(file()) << "another";
  const auto other = copy(of_file(7), hash_of("as seen"));
  EXPECT_EQ(other.status, CaptureStatus::changed);
  EXPECT_EQ(other.path, directory() + "/" + hash_of("another"));
  EXPECT_EQ(read_all(other.path), "another");
  const auto shorter = copy(of_file(1000), hash_of("as seen"));
  EXPECT_EQ(shorter.status, CaptureStatus::changed);
  EXPECT_EQ(read_all(shorter.path), "another");
  std::ofstream(file(), std::ios::app) << " and more of it";
  EXPECT_EQ(copy(of_file(7), hash_of("another")).status, CaptureStatus::done) << "never more than was seen";
}

TEST_F(CaptureWorkerTest, CopiesNothingOfAFileThatIsEmptyByNow) {
  start();
  std::ofstream(file()).flush();
  const auto emptied = copy(of_file(7), hash_of("as seen"));
  EXPECT_EQ(emptied.status, CaptureStatus::gone);
  EXPECT_EQ(emptied.path, "");
}

TEST_F(CaptureWorkerTest, CountsWhatItsQuotaRefuses) {
  start(5000);
  EXPECT_EQ(copy(of_bytes("1"), hash_of("1")).status, CaptureStatus::done);
  EXPECT_EQ(copy(of_bytes("2"), hash_of("2")).status, CaptureStatus::quota);
  EXPECT_EQ(copy(of_bytes("1"), hash_of("1")).status, CaptureStatus::done) << "it is there";
  EXPECT_EQ(ended(CaptureStatus::quota), 1U);
}

TEST_F(CaptureWorkerTest, GoesOnWhenADirectoryCanBeUsedThatCouldNot) {
  std::filesystem::create_directory(directory());
  ASSERT_EQ(::chmod(directory().c_str(), 0777), 0);
  start();
  EXPECT_EQ(copy(of_bytes("1"), hash_of("1")).status, CaptureStatus::failed);
  ASSERT_EQ(::chmod(directory().c_str(), 0700), 0);
  EXPECT_EQ(copy(of_bytes("1"), hash_of("1")).status, CaptureStatus::done);
  EXPECT_EQ(ended(CaptureStatus::failed), 1U);
}

// What pins a container's mount is let go with the hash: the bytes are kept, and of other files the
// descriptor.
TEST(HashWorker, HandsOnWhatACopyCanBeMadeOf) {
  const test::TemporaryDirectory directory;
  const auto file = directory.path() / "dropped";
  const std::string content(300'000, 'x');
  std::ofstream(file) << content;
  boost::asio::io_context loop;
  std::map<std::uint64_t, HashWorker::Result> results;
  HashWorker worker(loop, [&](std::uint64_t serial, HashWorker::Result result) {
    results.emplace(serial, std::move(result));
  });
  EvidenceRoom room;
  const auto job = [&](std::uint64_t serial) {
    return HashWorker::Job{.serial = serial,
                           .file = sys::Fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC)),
                           .size = content.size(),
                           .max_bytes = std::uint64_t{1} << 30U,
                           .give_up = {}};
  };
  auto pinned = job(1);
  pinned.give_up = HashWorker::Clock::now() + 1h;
  pinned.place = room.take_bytes(content.size());
  auto free = job(2);
  free.place = room.take_file();
  ASSERT_TRUE(worker.submit(std::move(pinned)) && worker.submit(std::move(free)) && worker.submit(job(3)));
  const auto guard = boost::asio::make_work_guard(loop);
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (results.size() < 3 && std::chrono::steady_clock::now() < deadline) loop.run_one_for(1s);
  ASSERT_EQ(results.size(), 3U);
  for (const auto& [serial, result] : results) EXPECT_EQ(result.hash.value, hash_of(content)) << serial;
  ASSERT_TRUE(results.at(1).evidence && results.at(2).evidence);
  EXPECT_EQ(results.at(1).evidence->bytes.size(), content.size());
  EXPECT_FALSE(results.at(1).evidence->file);
  EXPECT_TRUE(results.at(2).evidence->file);
  EXPECT_TRUE(results.at(2).evidence->bytes.empty());
  EXPECT_FALSE(results.at(3).evidence) << "nobody asked for it";
}

TEST(EvidenceRoom, IsGivenBackWithThePlace) {
  EvidenceRoom room(100, 1);
  auto place = room.take_bytes(60);
  ASSERT_TRUE(place);
  EXPECT_FALSE(room.take_bytes(41));
  EXPECT_TRUE(room.take_bytes(40));
  EvidenceRoom::Place moved = std::move(*place);
  place.reset();
  EXPECT_FALSE(room.take_bytes(41)) << "it was moved";
  EXPECT_TRUE(room.take_file());
  EXPECT_TRUE(room.take_file());
}

TEST(EvidenceBytes, AreWholeWhenTheLastOneWasAdded) {
  const std::string text = "abcdef";
  const auto raw = std::as_bytes(std::span(text));
  EvidenceBytes bytes(6);
  bytes.add(0, raw.first(4));
  EXPECT_FALSE(bytes.is_whole());
  bytes.add(4, raw.subspan(4));
  EXPECT_TRUE(bytes.is_whole());
  bytes.add(0, raw.first(4));
  EXPECT_FALSE(bytes.is_whole()) << "it is read once more";
  bytes.add(4, raw);
  EXPECT_FALSE(bytes.is_whole()) << "beyond its end";
}

}  // namespace
}  // namespace dropwarden::monitor
