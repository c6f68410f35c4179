// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/fd.hpp"

#include "own_place.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/record.hpp"
#include "support/sha256.hpp"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::UnorderedElementsAreArray;

// The monitor, which copies what it shows, and one overlay.
class Captures : public OwnOverlay {
 protected:
  void SetUp() override {
    OwnOverlay::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directory(path("daemon"));
    prepare_copies();
    daemon_ = std::make_unique<Daemon>(
        path("daemon"), std::vector<RuntimeSocket>{}, std::vector<std::string>{},
        watch_without_runtimes() + "scan: {first_start: false, sweep: false}\n" +
            "capture: {directory: " + copies() + ", max_bytes: 1MiB, max_file_bytes: 600KiB}\n" +
            "policy:\n  exceptions:\n    - {name: known, reason: expected, path: /tmp/excepted}\n");
  }
  virtual void prepare_copies() {}
  std::string copies() const { return path("copies"); }
  std::string drop(const std::string& name, const std::string& bytes) {
    write_file(overlay_->merged() + "/tmp/" + name, bytes);
    return bytes;
  }
  // The last record of the file.
  Record last_of(const std::string& name) {
    const auto record = daemon_->wait_for_record(
        [&](const Record& found) {
          return text_at(found, "/event/file/path").find("/tmp/" + name) == 0 &&
                 text_at(found, "/status") == "final";
        },
        30s);
    EXPECT_TRUE(record) << name << "\n" << daemon_->log();
    return record.value_or(Record{boost::json::object{}});
  }
  // Found, copied whole, and where the finding says.
  void expect_copy(const std::string& name, const std::string& bytes) {
    const Record record = last_of(name);
    EXPECT_EQ(text_at(record, "/event/file/capture/status"), "done") << name;
    const std::string copy = copies() + "/" + sha256(bytes);
    EXPECT_EQ(text_at(record, "/event/file/capture/path"), copy) << name;
    EXPECT_EQ(read_file(copy), bytes) << name;
    struct stat status{};
    ASSERT_EQ(::lstat(copy.c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode, S_IFREG | 0400U);
    EXPECT_NE(status.st_uid, 0U) << "of the monitor's user";
    expected_.push_back(sha256(bytes));
  }
  std::string capture_of(const std::string& name) {
    return text_at(last_of(name), "/event/file/capture/status");
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(copies()))
      names.push_back(entry.path().filename());
    return names;
  }

  std::unique_ptr<Daemon> daemon_;
  std::vector<std::string> expected_;
};

std::string script(std::size_t size, char fill) {
  return "#!/bin/sh\n" + std::string(size, fill);
}

TEST_F(Captures, KeepsWhatIsShownUnderItsHashWhateverItIsCalledAndHoweverShortItLived) {
  expect_copy("..\\n-rf", drop("..\n-rf", script(10, 'a')));
  expect_copy("large", drop("large", script(400'000, 'b')));
  const std::string gone = drop("gone", script(200'000, 'c'));
  std::filesystem::remove(overlay_->merged() + "/tmp/gone");
  expect_copy("gone", gone);
  drop("excepted", script(20, 'd'));
  drop("too-large", script(700'000, 'e'));
  EXPECT_EQ(capture_of("too-large"), "too_large");
  drop("sparse", script(0, 'f'));
  ASSERT_EQ(::truncate((overlay_->merged() + "/tmp/sparse").c_str(), off_t{1} << 40U), 0);
  {
    const sys::Fd touched(::open((overlay_->merged() + "/tmp/sparse").c_str(), O_WRONLY | O_CLOEXEC));
  }
  ASSERT_TRUE(daemon_->wait_for_record(
      [](const Record& record) {
        return text_at(record, "/event/file/path") == "/tmp/sparse" &&
               text_at(record, "/event/file/capture/status") == "too_large";
      },
      30s));
  drop("quota", script(599'000, 'g'));
  EXPECT_EQ(capture_of("quota"), "quota");
  EXPECT_TRUE(daemon_->wait_for_log("the quota is reached", 30s));

  // The small start of what became large may have been seen, or not.
  const std::string start = sha256(script(0, 'f'));
  if (std::ranges::count(names(), start) != 0) expected_.push_back(start);
  EXPECT_THAT(names(), UnorderedElementsAreArray(expected_));
  const auto status = boost::json::parse(
      run_dropwarden({"status", "--config", daemon_->configuration_file(), "--json"}).output);
  EXPECT_EQ(status.at_pointer("/captures/directory").as_string(), copies());
  EXPECT_EQ(status.at_pointer("/captures/ended/quota").to_number<int>(), 1);
  EXPECT_THAT(run_dropwarden({"status", "--config", daemon_->configuration_file()}).output,
              HasSubstr("copies     " + copies() + ": 1 of 1 MiB; done "));
  const auto shown = run_dropwarden(
      {"findings", "show", "--store", path("daemon/state/state.db"), text_at(last_of("large"), "/id")});
  EXPECT_THAT(shown.output, HasSubstr(copies() + "/" + sha256(script(400'000, 'b'))));
  EXPECT_EQ(daemon_->stop().text(), "status 0");
  EXPECT_EQ(daemon_->ledger()["balanced"], 1U);
}

// With room for less than the quota, besides the 64 MiB that copies leave free for others.
class CapturesOnASmallDisk : public Captures {
 protected:
  void prepare_copies() override {
    std::filesystem::create_directory(copies());
    ASSERT_EQ(::mount("test", copies().c_str(), "tmpfs", 0, "size=65792k,mode=0700"), 0);
  }
};

TEST_F(CapturesOnASmallDisk, SayThatItIsFullLeaveNoPartAndGoOnOnceThereIsRoom) {
  expect_copy("small", drop("small", script(1000, 'a')));
  drop("full", script(400'000, 'b'));
  EXPECT_EQ(capture_of("full"), "failed");
  EXPECT_TRUE(daemon_->wait_for_log("No space left on device", 30s)) << daemon_->log();
  EXPECT_THAT(names(), UnorderedElementsAreArray(expected_)) << "a part of a copy has no hash";
  expect_copy("next", drop("next", script(2000, 'c')));
  ASSERT_EQ(::mount(nullptr, copies().c_str(), nullptr, MS_REMOUNT, "size=80m,mode=0700"), 0);
  expect_copy("later", drop("later", script(300'000, 'd')));
  EXPECT_THAT(names(), UnorderedElementsAreArray(expected_));
  EXPECT_EQ(daemon_->stop().text(), "status 0");
  EXPECT_EQ(daemon_->ledger()["balanced"], 1U);
}

}  // namespace
}  // namespace dropwarden::test
