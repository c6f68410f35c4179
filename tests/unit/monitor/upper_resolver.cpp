// SPDX-License-Identifier: Apache-2.0
#include "monitor/upper_resolver.hpp"

#include <cerrno>
#include <sys/fanotify.h>

#include <gtest/gtest.h>

#include "dropwarden/privilege/guard.hpp"

namespace dropwarden::monitor {
namespace {

constexpr model::FileSystemId file_system{7};

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

}  // namespace
}  // namespace dropwarden::monitor
