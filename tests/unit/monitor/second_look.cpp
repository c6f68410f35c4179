// SPDX-License-Identifier: Apache-2.0
#include "monitor/second_look.hpp"

#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <linux/magic.h>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/file_handle.hpp"

#include "support/file.hpp"

// The directory of a file in memory stands for an overlay and its upper directory at once.
namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view elf =
    "\x7f"
    "ELF\2\1\1";

class SecondLookTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/dev/shm/dropwarden-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) GTEST_SKIP() << "SKIP system: no /dev/shm";
    directory_ = name;
    const auto top = sys::value_or_throw(sys::open_path(directory_, O_RDONLY | O_DIRECTORY));
    const auto status = sys::value_or_throw(sys::read_status(top.number()));
    if (sys::value_or_throw(sys::read_file_system_status(top.number())).type != TMPFS_MAGIC)
      GTEST_SKIP() << "SKIP system: /dev/shm is no tmpfs";
    WatchedMount overlay;
    overlay.device = {status.device_major, status.device_minor};
    overlay.mount_point = directory_;
    overlay.layers.upperdir = directory_;
    overlay.coverage = mount::Coverage::file_system;
    mounts_.add(std::move(overlay), {});
    make({5ms, 20ms});
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void make(SecondLook::Pauses pauses) {
    look_ = std::make_unique<SecondLook>(
        loop_, mounts_,
        FileOpener(*privilege_,
                   [](const WatchedMount&, std::string_view) { return std::vector<mount::HostPath>{}; }),
        SecondLook::Handler{
            .glimpse =
                [](model::Pid pid) {
                  model::ProcessInfo process;
                  process.pid = pid;
                  return process;
                },
            .on_sighting = [this](Sighting sighting) { sightings_.push_back(std::move(sighting)); },
            .on_lost = [this](const WatchedMount&) { ++lost_; },
            .find_host_mount = [this](model::MountId id) { return find_host_mount(id); }},
        std::move(pauses));
  }

  // As the table has the mount of the directory.
  std::optional<privilege::HostMount> find_host_mount(model::MountId id) const {
    if (!is_mounted_) return std::nullopt;
    const std::uint64_t other = is_covered_ ? 1 : 0;
    return privilege::HostMount{.path = "/dev/shm", .mount_id = id.value + other, .type = TMPFS_MAGIC};
  }
  bool opens_handles() const {
    const auto top = sys::value_or_throw(sys::open_path(directory_, O_RDONLY | O_DIRECTORY));
    const auto handle = sys::read_handle(top.number());
    return handle && privilege_->open_by_handle(top.number(), *handle);
  }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  // A file of zeros; what its close would show.
  sys::Fd make_blank(const std::string& name) {
    test::write_file(path(name), std::string(4096, '\0'));
    return sys::value_or_throw(sys::open_path(path(name), O_RDONLY));
  }
  void consider(const sys::Fd& file) { look_->consider(file.number(), {7}); }
  void* map(const std::string& name) {
    const auto file = sys::value_or_throw(sys::open_path(path(name), O_RDWR));
    return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
  }
  void store(void* memory, std::string_view bytes) { std::memcpy(memory, bytes.data(), bytes.size()); }
  void run_for(std::chrono::milliseconds time) {
    loop_.restart();
    loop_.run_for(time);
  }
  std::vector<std::string> seen() const {
    std::vector<std::string> paths;
    for (const Sighting& sighting : sightings_) paths.push_back(sighting.located->path);
    return paths;
  }

  std::string directory_;
  boost::asio::io_context loop_{1};
  std::unique_ptr<privilege::Privilege> privilege_ = privilege::make_direct({.host_process = ::getpid()});
  WatchedMounts mounts_;
  std::unique_ptr<SecondLook> look_;
  std::vector<Sighting> sightings_;
  int lost_ = 0;
  bool is_mounted_ = true;
  bool is_covered_ = false;  // another mount is there
};

TEST(SecondLook, IsForFilesThatBeginWithZeros) {
  const auto is_blank = [](std::string_view text) {
    return SecondLook::is_blank(std::as_bytes(std::span(text)));
  };
  using std::string_view_literals::operator""sv;
  EXPECT_TRUE(is_blank("\0\0\0\0ELF"sv));
  EXPECT_TRUE(is_blank("\0"sv));
  EXPECT_FALSE(is_blank(""sv));
  EXPECT_FALSE(is_blank("\0\0\0\1"sv));
  EXPECT_FALSE(is_blank("text"sv));
}

TEST_F(SecondLookTest, EndsAtOnceWhereNobodyHoldsTheFile) {
  consider(make_blank("a"));
  EXPECT_EQ(look_->waiting(), 0U);
  EXPECT_THAT(seen(), IsEmpty());
  EXPECT_EQ(lost_, 0);
}

TEST_F(SecondLookTest, ShowsWhatIsStoredThroughAMappingHoweverLate) {
  const auto file = make_blank("a");
  void* memory = map("a");
  consider(file);
  EXPECT_EQ(look_->waiting(), 1U);
  run_for(100ms);
  EXPECT_EQ(look_->waiting(), 1U) << "it is still mapped";
  store(memory, elf);
  run_for(500ms);
  ASSERT_THAT(seen(), ElementsAre("/a"));
  const Sighting& sighting = sightings_.front();
  EXPECT_EQ(sighting.sensor, model::Sensor::second_look);
  EXPECT_EQ(sighting.pid.value, 7);
  ASSERT_TRUE(sighting.process);
  EXPECT_EQ(sighting.located->numbers->inode, sys::value_or_throw(sys::read_status(file.number())).inode);
  EXPECT_EQ(look_->waiting(), 0U);
  ::munmap(memory, 4096);
}

TEST_F(SecondLookTest, ShowsWhatTookNoTimeAtAll) {
  const auto file = make_blank("a");
  void* memory = map("a");
  store(memory, elf);
  ::munmap(memory, 4096);
  consider(file);
  EXPECT_THAT(seen(), ElementsAre("/a"));
}

TEST_F(SecondLookTest, EndsWithTheMapping) {
  const auto file = make_blank("a");
  void* memory = map("a");
  consider(file);
  ::munmap(memory, 4096);
  run_for(500ms);
  EXPECT_EQ(look_->waiting(), 0U);
  EXPECT_THAT(seen(), IsEmpty());
}

// A first page of anything else does not put us off.
TEST_F(SecondLookTest, GoesOnWhileWhatIsStoredIsNothingYet) {
  const auto file = make_blank("a");
  void* memory = map("a");
  consider(file);
  store(memory, "\1\2\3\4");
  run_for(100ms);
  EXPECT_EQ(look_->waiting(), 1U);
  store(memory, elf);
  run_for(500ms);
  EXPECT_THAT(seen(), ElementsAre("/a"));
  ::munmap(memory, 4096);
}

TEST_F(SecondLookTest, IsOneForAFileThatIsClosedOverAndOver) {
  const auto file = make_blank("a");
  void* memory = map("a");
  for (int i = 0; i < 5; ++i) consider(file);
  EXPECT_EQ(look_->waiting(), 1U);
  ::munmap(memory, 4096);
}

TEST_F(SecondLookTest, FollowsAFileThatIsRenamed) {
  if (!opens_handles()) GTEST_SKIP() << "SKIP privilege: open_by_handle_at(2) needs CAP_DAC_READ_SEARCH";
  const auto file = make_blank("a");
  void* memory = map("a");
  consider(file);
  std::filesystem::create_directory(path("below"));
  std::filesystem::rename(path("a"), path("below/b"));
  // Another file at its name is not taken for it.
  const auto other = make_blank("a");
  run_for(100ms);
  EXPECT_EQ(look_->waiting(), 1U);
  std::filesystem::rename(path("below"), path("moved"));
  store(memory, elf);
  run_for(500ms);
  EXPECT_THAT(seen(), ElementsAre("/moved/b"));
  EXPECT_EQ(lost_, 0);
  ::munmap(memory, 4096);
}

TEST_F(SecondLookTest, IsALossOfAFileThatIsRenamedAndNotFoundAgain) {
  is_covered_ = true;
  const auto file = make_blank("a");
  void* memory = map("a");
  consider(file);
  std::filesystem::rename(path("a"), path("b"));
  run_for(500ms);
  EXPECT_EQ(look_->waiting(), 0U);
  EXPECT_EQ(lost_, 1);
  ::munmap(memory, 4096);
}

TEST_F(SecondLookTest, EndsWithTheMountThatTheLayersWereOn) {
  const auto file = make_blank("a");
  void* memory = map("a");
  consider(file);
  is_mounted_ = false;
  std::filesystem::remove(path("a"));
  run_for(500ms);
  EXPECT_EQ(look_->waiting(), 0U);
  EXPECT_EQ(lost_, 0);
  ::munmap(memory, 4096);
}

TEST_F(SecondLookTest, EndsWithTheFile) {
  if (!opens_handles()) GTEST_SKIP() << "SKIP privilege: open_by_handle_at(2) needs CAP_DAC_READ_SEARCH";
  const auto file = make_blank("a");
  void* memory = map("a");
  consider(file);
  std::filesystem::remove(path("a"));
  run_for(500ms);
  EXPECT_EQ(look_->waiting(), 0U);
  consider(file);
  EXPECT_EQ(look_->waiting(), 0U);
  EXPECT_EQ(lost_, 0);
  ::munmap(memory, 4096);
}

TEST_F(SecondLookTest, IsTakenAtTheEndOfTheDaemon) {
  const auto file = make_blank("a");
  void* memory = map("a");
  consider(file);
  store(memory, elf);
  look_->finish();
  EXPECT_THAT(seen(), ElementsAre("/a"));
  EXPECT_EQ(look_->waiting(), 0U);
  ::munmap(memory, 4096);
}

TEST_F(SecondLookTest, OfTheOldestIsGivenUpWhereThereAreTooMany) {
  std::vector<void*> mappings;
  for (std::size_t i = 0; i <= SecondLook::capacity; ++i) {
    const std::string name = std::to_string(i);
    const auto file = make_blank(name);
    mappings.push_back(map(name));
    consider(file);
  }
  EXPECT_EQ(look_->waiting(), SecondLook::capacity);
  EXPECT_EQ(lost_, 1);
  store(mappings.front(), elf);
  store(mappings.back(), elf);
  look_->finish();
  EXPECT_THAT(seen(), ElementsAre("/" + std::to_string(SecondLook::capacity)));
  for (void* memory : mappings) ::munmap(memory, 4096);
}

TEST_F(SecondLookTest, IsALossWhereTheHostDoesNotHaveTheFile) {
  const auto file = make_blank("a");
  mounts_.find(1)->layers.upperdir = "/proc/self/fdinfo";
  consider(file);
  EXPECT_EQ(lost_, 1);
  EXPECT_EQ(look_->waiting(), 0U);
}

}  // namespace
}  // namespace dropwarden::monitor
