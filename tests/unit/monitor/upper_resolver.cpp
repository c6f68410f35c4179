// SPDX-License-Identifier: Apache-2.0
#include "monitor/upper_resolver.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>

#include "dropwarden/privilege/guard.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/file_handle.hpp"

#include "refusing_privilege.hpp"
#include "support/file.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::monitor {
namespace {

constexpr model::FileSystemId file_system{7};
constexpr std::string_view program =
    "\x7f"
    "ELF and so on";

// What becomes of a record of a file system that the marker opens no handles of.
class RefusedRecord : public testing::Test {
 protected:
  RefusedRecord() {
    constexpr std::uint64_t fuse = 0x65735546;
    resolver_.set_places(std::make_shared<const UpperPlaces>(
        std::vector<UpperPlace>{}, std::vector<UpperFileSystem>{{file_system, {"/nowhere", 1, fuse}}}));
  }
  bool is_lost(const watch::FidEvent& event) {
    const auto answer = resolver_.resolve(event);
    const auto* missed = std::get_if<UpperResolver::Missed>(&answer);
    return missed != nullptr && missed->loss == model::Loss::open_failed;
  }

  static watch::FidEvent named() {
    watch::FidEvent event{.mask = FAN_CLOSE_WRITE,
                          .pid = {},
                          .directory = watch::Fid{file_system, {}},
                          .name = "x",
                          .object = {}};
    return event;
  }

  std::unique_ptr<privilege::Privilege> guarded_ =
      privilege::make_guarded(privilege::make_direct(), {}, nullptr);
  UpperResolver resolver_{*guarded_};
};

TEST_F(RefusedRecord, IsALossAndNotAFileThatHasGone) {
  watch::FidEvent event = named();
  event.directory.reset();
  event.object = watch::Fid{file_system, {}};
  EXPECT_TRUE(is_lost(event));
  EXPECT_EQ(resolver_.tally().gone, 0U);
}

TEST_F(RefusedRecord, DoesNotMakeItsDirectoryNobodysForGood) {
  EXPECT_TRUE(is_lost(named()));
  EXPECT_TRUE(is_lost(named()));
  EXPECT_EQ(resolver_.tally().elsewhere, 0U);
}

TEST_F(RefusedRecord, IsNoneWhereTheFileSystemIsNotWatchedAnyMore) {
  resolver_.set_places(std::make_shared<const UpperPlaces>());
  EXPECT_FALSE(is_lost(named()));
  EXPECT_EQ(resolver_.tally().elsewhere, 1U);
}

// Opens by handles that are numbers of a test, and counts what it is asked.
class CountingPrivilege : public RefusingPrivilege {
 public:
  using Handles = std::vector<sys::FileHandle>;

  static sys::FileHandle handle_of(std::uint8_t number) {
    const std::array bytes{std::byte{number}};
    return *sys::FileHandle::make(1, bytes);
  }
  int questions() const { return questions_; }
  void set_paths(std::vector<std::string> paths) { paths_ = std::move(paths); }

  sys::Result<sys::Fd> open_handle_mount(const privilege::HostMount&) override {
    return sys::open_path("/", O_PATH);
  }
  sys::Result<sys::Fd> open_by_handle(int, const sys::FileHandle& handle) override {
    ++questions_;
    return sys::open_path(paths_.at(std::to_integer<std::size_t>(handle.bytes()[0])), O_PATH | O_NOFOLLOW);
  }
  std::vector<sys::Result<sys::Fd>> open_by_handles(int mount, const Handles& handles) override {
    return as_one([&] { return Privilege::open_by_handles(mount, handles); });
  }
  std::vector<sys::Result<sys::Fd>> open_files_by_handles(int mount, const Handles& handles) override {
    return as_one([&] { return Privilege::open_files_by_handles(mount, handles); });
  }
  sys::Result<sys::Fd> open_regular_file(int entry) override {
    ++questions_;
    return privilege::make_direct()->open_regular_file(entry);
  }

 private:
  template <class Ask>
  std::vector<sys::Result<sys::Fd>> as_one(const Ask& ask) {
    const int before = questions_;
    auto answers = ask();
    questions_ = before + 1;
    return answers;
  }

  std::vector<std::string> paths_;
  int questions_ = 0;
};

// A directory of a container's, the first of the handles, with files in it.
class ForeseenRecords : public testing::Test {
 protected:
  ForeseenRecords() {
    std::vector paths{top_};
    for (const char* name : {"a", "b", "c"}) {
      paths.push_back(top_ + "/" + name);
      test::write_file(paths.back(), program);
    }
    privilege_.set_paths(paths);
    resolver_.set_places(std::make_shared<const UpperPlaces>(
        std::vector{UpperPlace{.mount = 1, .directory = top_, .container_path = "/", .merged = {}}},
        std::vector<UpperFileSystem>{{file_system, {"/nowhere", 1, 0}}}));
    for (std::uint8_t number = 1; number < paths.size(); ++number) {
      watch::FidEvent event = record(number);
      event.name = names_.at(number);
      records_.push_back(event);
    }
  }

  static watch::FidEvent record(std::uint8_t number) {
    return {.mask = FAN_ATTRIB,
            .pid = {},
            .directory = watch::Fid{file_system, CountingPrivilege::handle_of(0)},
            .name = {},
            .object = watch::Fid{file_system, CountingPrivilege::handle_of(number)}};
  }
  // How many of the records lead to a file that is handed on.
  int count_sightings() {
    int sightings = 0;
    for (const auto& event : records_) {
      const auto answer = resolver_.resolve_at_last(event);
      if (std::holds_alternative<Sighting>(answer)) ++sightings;
    }
    return sightings;
  }

  const std::array<std::string_view, 4> names_{"", "a", "b", "c"};
  const test::TemporaryDirectory directory_;
  const std::string top_ = std::filesystem::canonical(directory_.path());
  CountingPrivilege privilege_;
  UpperResolver resolver_{privilege_};
  std::vector<watch::FidEvent> records_;
};

TEST_F(ForeseenRecords, AreReadByOneQuestionAndOneForTheirDirectory) {
  resolver_.foresee(records_);
  EXPECT_EQ(count_sightings(), 3);
  EXPECT_EQ(privilege_.questions(), 2);
  EXPECT_EQ(count_sightings(), 3);
  EXPECT_EQ(privilege_.questions(), 2 + 6) << "nothing is kept of what was foreseen";
}

TEST_F(ForeseenRecords, AreLookedAtByOneQuestionWhereTheyHaveNoNames) {
  for (auto& event : records_) event.directory.reset();
  resolver_.foresee(records_);
  EXPECT_EQ(privilege_.questions(), 1);
  EXPECT_EQ(count_sightings(), 3);
  EXPECT_EQ(privilege_.questions(), 1 + 3) << "to read each";
}

TEST_F(ForeseenRecords, OfWhatNobodyWouldRunArePassedOver) {
  test::write_file(top_ + "/b", "a text");
  resolver_.foresee(records_);
  EXPECT_EQ(count_sightings(), 2);
  EXPECT_TRUE(std::holds_alternative<UpperResolver::PassedOver>(resolver_.resolve_at_last(records_[1])));
}

TEST_F(ForeseenRecords, OfWhatIsNoFileAreResolvedAsOthersAre) {
  std::filesystem::remove(top_ + "/b");
  ASSERT_EQ(::mkfifo((top_ + "/b").c_str(), 0600), 0);
  std::filesystem::remove(top_ + "/c");
  resolver_.foresee(records_);
  EXPECT_EQ(count_sightings(), 1);
  EXPECT_EQ(resolver_.tally().gone, 1U);
}

TEST_F(ForeseenRecords, AskForNothingInDirectoriesThatAreNobodys) {
  resolver_.set_places(std::make_shared<const UpperPlaces>(
      std::vector<UpperPlace>{}, std::vector<UpperFileSystem>{{file_system, {"/nowhere", 1, 0}}}));
  resolver_.foresee(records_);
  EXPECT_EQ(count_sightings(), 0);
  EXPECT_EQ(privilege_.questions(), 1) << "for the directory";
  EXPECT_EQ(resolver_.tally().elsewhere, 3U);
}

}  // namespace
}  // namespace dropwarden::monitor
