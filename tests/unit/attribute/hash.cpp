// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/attribute/hash.hpp"

#include <array>
#include <atomic>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::attribute {
namespace {

using model::HashStatus;
using namespace std::chrono_literals;

sys::Fd file_of(const std::string& content) {
  sys::Fd file{::memfd_create("hashed", MFD_CLOEXEC)};
  EXPECT_EQ(::pwrite(file.number(), content.data(), content.size(), 0), static_cast<ssize_t>(content.size()));
  return file;
}

model::Hash hash_of(const std::string& content) {
  const auto file = file_of(content);
  return hash_file(file.number(), content.size(), {});
}

// FIPS 180-4 examples, published by NIST.
TEST(HashFile, GivesTheDigestsOfTheStandard) {
  EXPECT_EQ(hash_of("abc").value, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").value,
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash_of(std::string(1'000'000, 'a')).value,
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(HashFile, TakesAnEmptyFile) {
  const auto hash = hash_of("");
  EXPECT_EQ(hash.status, HashStatus::done);
  EXPECT_EQ(hash.value, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(HashFile, StartsAtTheStartAndLeavesTheOffsetAlone) {
  const auto file = file_of("abc");
  ASSERT_EQ(::lseek(file.number(), 2, SEEK_SET), 2);
  EXPECT_EQ(hash_file(file.number(), 3, {}).value,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(::lseek(file.number(), 0, SEEK_CUR), 2);
}

TEST(HashFile, SaysChangedWhenTheSizeIsNotTheExpectedOne) {
  const auto file = file_of("abc");
  for (const std::uint64_t expected : {0, 2, 4}) {
    const auto hash = hash_file(file.number(), expected, {});
    EXPECT_EQ(hash.status, HashStatus::changed);
    EXPECT_EQ(hash.value, "");
  }
}

TEST(HashFile, DoesNotReadASparseFileBeyondTheLimit) {
  const auto file = file_of("");
  constexpr off_t size = off_t{1} << 40U;
  ASSERT_EQ(::ftruncate(file.number(), size), 0);
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(hash_file(file.number(), size, {}).status, HashStatus::too_large);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 1s);
}

TEST(HashFile, GivesUpWhenTheTimeIsUp) {
  const auto file = file_of("abc");
  EXPECT_EQ(hash_file(file.number(), 3, {.max_time = 0ns}).status, HashStatus::too_large);
}

TEST(HashFile, StopsWhenAsked) {
  const auto file = file_of("abc");
  std::stop_source source;
  source.request_stop();
  const auto hash = hash_file(file.number(), 3, {}, source.get_token());
  EXPECT_EQ(hash.status, HashStatus::pending);
  EXPECT_EQ(hash.value, "");
}

TEST(HashFile, SaysUnreadableForWhatCannotBeRead) {
  EXPECT_EQ(hash_file(-1, 0, {}).status, HashStatus::unreadable);
  sys::Fd write_only{::open("/tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600)};
  ASSERT_TRUE(write_only);
  ASSERT_EQ(::write(write_only.number(), "abc", 3), 3);
  EXPECT_EQ(hash_file(write_only.number(), 3, {}).status, HashStatus::unreadable);
}

// Bytes that this process has read, proc(5): tells a thread that the hash is on its way.
std::uint64_t bytes_read() {
  const auto text = sys::read_file("/proc/self/io", 4096);
  std::string_view rest = text ? std::string_view(*text) : std::string_view{};
  while (!rest.empty()) {
    std::string_view line = util::take_until(rest, '\n');
    if (util::take_until(line, ':') == "rchar")
      return util::parse_number<std::uint64_t>(util::trim(line)).value_or(0);
  }
  return 0;
}

// Hashes `size` bytes of nothing while `meddle` is run once, in the middle.
template <class Meddle>
model::Hash hash_with(std::uint64_t size, Meddle meddle, std::stop_token stop = {}) {
  const auto file = file_of("");
  EXPECT_EQ(::ftruncate(file.number(), static_cast<off_t>(size)), 0);
  const std::uint64_t before = bytes_read();
  std::jthread meddler([&] {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (bytes_read() < before + (8U << 20U) && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    meddle(file.number());
  });
  return hash_file(file.number(), size, {.max_bytes = size, .max_time = 1h}, std::move(stop));
}
template <class Meddle>
HashStatus status_with(std::uint64_t size, Meddle meddle, std::stop_token stop = {}) {
  return hash_with(size, std::move(meddle), std::move(stop)).status;
}

constexpr std::uint64_t large = std::uint64_t{512} << 20U;

TEST(HashFile, SeesAFileThatIsTruncatedMeanwhile) {
  EXPECT_EQ(status_with(large, [](int fd) { EXPECT_EQ(::ftruncate(fd, 100), 0); }), HashStatus::changed);
}

TEST(HashFile, SeesAFileThatGrowsMeanwhile) {
  EXPECT_EQ(status_with(large, [](int fd) { EXPECT_EQ(::pwrite(fd, "y", 1, large), 1); }),
            HashStatus::changed);
}

TEST(HashFile, SeesAFileThatIsRewrittenMeanwhile) {
  EXPECT_EQ(status_with(large, [](int fd) { EXPECT_EQ(::pwrite(fd, "y", 1, 0), 1); }), HashStatus::changed);
}

// As `chmod +x` right after a download: the bytes are the same.
TEST(HashFile, ReadsAFileAgainThatIsMadeExecutableMeanwhile) {
  EXPECT_EQ(status_with(std::uint64_t{64} << 20U, [](int fd) { EXPECT_EQ(::fchmod(fd, 0755), 0); }),
            HashStatus::done);
}

// As link(2) in a loop: no reading is sure, but what was read is known. Where the changer gets no processor
// for as long as a reading takes, it is tried again.
TEST(HashFile, SaysWhatItReadWhereTheCtimeNeverStandsStill) {
  constexpr std::uint64_t size = std::uint64_t{24} << 20U;
  model::Hash hash;
  for (int attempt = 0; attempt < 20 && hash.status != HashStatus::changed; ++attempt) {
    std::atomic<bool> is_over = false;
    std::jthread changer;
    hash = hash_with(size, [&](int fd) {
      changer = std::jthread([&is_over, fd = ::dup(fd)] {
        while (!is_over) ::fchmod(fd, 0755);
        ::close(fd);
      });
    });
    is_over = true;
  }
  EXPECT_EQ(hash.status, HashStatus::changed);
  EXPECT_EQ(hash.value, "");
  EXPECT_EQ(hash.read, hash_of(std::string(size, '\0')).value);
}

TEST(HashFile, SaysNothingOfWhatItReadWhereTheContentChanged) {
  const auto hash = hash_with(large, [](int fd) { EXPECT_EQ(::pwrite(fd, "y", 1, 0), 1); });
  EXPECT_EQ(hash.read, "");
}

TEST(HashFile, StopsInTheMiddleOfALargeFile) {
  std::stop_source source;
  const auto request = [&](int) { source.request_stop(); };
  EXPECT_EQ(status_with(std::uint64_t{1} << 40U, request, source.get_token()), HashStatus::pending);
}

TEST(HashFile, ServesSeveralThreadsAtOnce) {
  const auto file = file_of(std::string(1'000'000, 'a'));
  std::array<model::Hash, 4> hashes;
  {
    std::vector<std::jthread> threads;
    for (auto& hash : hashes) threads.emplace_back([&] { hash = hash_file(file.number(), 1'000'000, {}); });
  }
  for (const auto& hash : hashes) {
    EXPECT_EQ(hash.value, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
}

}  // namespace
}  // namespace dropwarden::attribute
