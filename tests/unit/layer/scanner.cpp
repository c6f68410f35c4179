// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/layer/scanner.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "dropwarden/sys/file.hpp"

#include "unit/monitor/refusing_privilege.hpp"
#include "unit/sys/scratch_directory.hpp"

namespace dropwarden::layer {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// Each question to it is one to another process.
class AskedPrivilege final : public monitor::RefusingPrivilege {
 public:
  sys::Result<sys::Fd> open_entry(int directory, const std::string& name) override {
    ++questions;
    return direct_->open_entry(directory, name);
  }
  sys::Result<sys::Fd> open_regular_file(int entry) override {
    ++questions;
    return direct_->open_regular_file(entry);
  }
  std::vector<sys::Result<sys::Fd>> open_regular_files(int directory,
                                                       const std::vector<std::string>& names) override {
    ++questions;
    most_at_once = std::max(most_at_once, names.size());
    before_opening(directory);
    return direct_->open_regular_files(directory, names);
  }
  sys::Result<sys::Fd> open_directory(int entry) override {
    ++questions;
    return direct_->open_directory(entry);
  }

  std::size_t questions = 0;
  std::size_t most_at_once = 0;
  std::function<void(int directory)> before_opening = [](int) {};

 private:
  std::unique_ptr<Privilege> direct_ = privilege::make_direct();
};

class ScannerTest : public testing::Test {
 protected:
  std::vector<std::string> scan(const Scanner::Budget& budget = {}) {
    Scanner scanner(privilege_, sys::value_or_throw(sys::open_path(scratch_ / "", O_PATH | O_DIRECTORY)), {});
    std::vector<std::string> paths;
    steps_ = 1;
    while (scanner.step(budget, [&](ScannedFile file) { paths.push_back(std::move(file.path)); })) ++steps_;
    result_ = scanner.result();
    return paths;
  }

  const sys::ScratchDirectory scratch_;
  AskedPrivilege privilege_;
  std::size_t steps_ = 0;
  ScanResult result_;
};

TEST_F(ScannerTest, AsksForFilesThatLieBesideOneAnotherAtOnce) {
  constexpr std::size_t count = 200;
  for (std::size_t i = 0; i < count; ++i) scratch_.write("file" + std::to_string(i), "#!/bin/sh\n");
  EXPECT_THAT(scan(), SizeIs(count));
  EXPECT_EQ(result_.files, count);
  EXPECT_LT(privilege_.questions, count / 10);
  EXPECT_LE(privilege_.most_at_once, 32U) << "each is a descriptor";
}

TEST_F(ScannerTest, AsksForNoMoreThanAStepMayLookAt) {
  for (std::size_t i = 0; i < 10; ++i) scratch_.write("file" + std::to_string(i), "#!/bin/sh\n");
  EXPECT_THAT(scan({.entries = 3}), SizeIs(10));
  EXPECT_EQ(privilege_.most_at_once, 3U);
  EXPECT_GE(steps_, 4U);
}

// As a container does that wants the scan to fail, or to wait for a FIFO: what came meanwhile is looked for
// once more, since the directory has changed.
TEST_F(ScannerTest, PassesOverWhatIsNoFileAnyMoreByThen) {
  for (const char* name : {"fifo", "file", "gone", "link"}) scratch_.write(name, "#!/bin/sh\n");
  privilege_.before_opening = [](int directory) {
    for (const char* name : {"fifo", "gone", "link"}) ::unlinkat(directory, name, 0);
    ::mkfifoat(directory, "fifo", 0600);
    ::symlinkat("file", directory, "link");
  };
  EXPECT_THAT(scan(), SizeIs(1));
  EXPECT_THAT(result_.told, IsEmpty());
  EXPECT_TRUE(result_.has_changed);
}

}  // namespace
}  // namespace dropwarden::layer
