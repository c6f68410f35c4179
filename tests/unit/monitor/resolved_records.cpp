// SPDX-License-Identifier: Apache-2.0
// What sensor B makes of a record with a marker that hands over nothing outside of the places of containers.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <variant>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "dropwarden/mount/container_places.hpp"
#include "dropwarden/privilege/guard.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/file_handle.hpp"

#include "monitor/upper_reader.hpp"
#include "monitor/upper_resolver.hpp"
#include "support/child.hpp"
#include "support/command.hpp"
#include "support/disk.hpp"
#include "support/fid_record.hpp"
#include "support/file.hpp"
#include "support/loop.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;

constexpr model::FileSystemId file_system{7};

class ResolvedRecord : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIP privilege: needs root";
    if (const auto reason = try_enter_private_mounts()) GTEST_SKIP() << "SKIP privilege: " << *reason;
    if (const auto missing = Disk::missing("ext4", make_scratch_directory()); !missing.empty())
      GTEST_SKIP() << "SKIP host: " << missing;
    directory_ = make_scratch_directory();
    disk_ = std::make_unique<Disk>("ext4", directory_);
    for (const char* name : {"/layer", "/other"}) std::filesystem::create_directory(disk_->path() + name);
    overlay_ = std::make_unique<TestOverlay>(disk_->path() + "/layer");
    write(overlay_->upper() + "/new");
    write(disk_->path() + "/other/new");
    start();
  }
  void TearDown() override {
    resolver_.reset();
    marker_.reset();
    overlay_.reset();
  }

  // With a marker that knows nothing yet. The directory is the one that was proven, where that is said.
  void start(bool is_proven = false) {
    auto direct = privilege::make_direct({.host_process = ::getpid()});
    auto places = mount::make_container_places(*direct);
    marker_ = privilege::make_guarded(std::move(direct), {}, std::move(places));
    resolver_ = std::make_unique<monitor::UpperResolver>(*marker_);
    const auto top = sys::value_or_throw(sys::open_path(disk_->path(), O_PATH | O_DIRECTORY));
    const privilege::HostMount mount{
        .path = disk_->path(),
        .mount_id = sys::value_or_throw(sys::read_mount_id(top.number())),
        .type = sys::value_or_throw(sys::read_file_system_status(top.number())).type};
    monitor::UpperPlace place{
        .mount = 1, .directory = overlay_->upper(), .container_path = "/", .merged = overlay_->merged()};
    if (is_proven) {
      const auto upper = sys::value_or_throw(sys::open_path(overlay_->upper(), O_PATH | O_DIRECTORY));
      const auto status = sys::value_or_throw(sys::read_cached_status(upper.number()));
      place.proven = {.device = {status.device_major, status.device_minor}, .inode = status.inode};
    }
    places_ = std::make_shared<const monitor::UpperPlaces>(
        std::vector{place}, std::vector<monitor::UpperFileSystem>{{file_system, mount}});
    resolver_->set_places(places_);
  }

  static void write(const std::string& path) {
    write_file(path,
               "\x7f"
               "ELF and so on");
  }
  static watch::Fid fid_of(const std::string& path) {
    const auto file = sys::value_or_throw(sys::open_path(path, O_PATH));
    return {file_system, sys::value_or_throw(sys::read_handle(file.number()))};
  }
  // Of the file `new` in a directory.
  static watch::FidEvent record(std::uint64_t mask, const std::string& directory) {
    return {.mask = mask,
            .pid = {},
            .directory = fid_of(directory),
            .name = "new",
            .object = fid_of(directory + "/new")};
  }
  static watch::FidEvent without_name(watch::FidEvent event) {
    event.directory.reset();
    event.name = {};
    return event;
  }
  // Where the container has the file; nothing where it is none of its.
  std::optional<std::string> path_of(const watch::FidEvent& event) {
    auto answer = resolver_->resolve_at_last(event);
    EXPECT_FALSE(std::holds_alternative<monitor::UpperResolver::Missed>(answer));
    const auto* sighting = std::get_if<monitor::Sighting>(&answer);
    return sighting != nullptr ? std::optional(sighting->located->path) : std::nullopt;
  }

  std::string directory_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<TestOverlay> overlay_;
  std::unique_ptr<privilege::Privilege> marker_;
  std::shared_ptr<const monitor::UpperPlaces> places_;
  std::unique_ptr<monitor::UpperResolver> resolver_;
};

TEST_F(ResolvedRecord, IsAContainersThoughTheMarkerHasNotHeardOfItsPlace) {
  EXPECT_EQ(path_of(record(FAN_ATTRIB, overlay_->upper())), "/new");
  start();
  EXPECT_EQ(path_of(record(FAN_CLOSE_WRITE, overlay_->upper())), "/new");
  start();
  EXPECT_EQ(path_of(without_name(record(FAN_ATTRIB, overlay_->upper()))), "/new");
}

// In rounds all but the first are asked for together.
TEST_F(ResolvedRecord, IsTheSameWhereItWasForeseen) {
  const std::string other = disk_->path() + "/other";
  std::vector<watch::FidEvent> records;
  for (const std::string& directory : {overlay_->upper(), other}) {
    for (const std::uint64_t mask : {FAN_ATTRIB, FAN_CLOSE_WRITE}) {
      records.push_back(record(mask, directory));
      records.push_back(without_name(records.back()));
    }
  }
  resolver_->foresee(records);
  std::vector<std::optional<std::string>> paths;
  for (const auto& event : records) paths.push_back(path_of(event));
  EXPECT_EQ(std::ranges::count(paths, std::optional<std::string>("/new")), 4);
  EXPECT_EQ(std::ranges::count(paths, std::optional<std::string>()), 4);
  EXPECT_EQ(resolver_->tally().elsewhere, 4U);
}

// What lies in a directory that was moved is looked at when it has settled: then other records have been
// read.
TEST_F(ResolvedRecord, KeepsTheNameOfADirectoryUntilItIsLookedAtAgain) {
  std::filesystem::create_directory(overlay_->upper() + "/moved");
  write(overlay_->upper() + "/moved/new");
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  const sys::Fd writer(ends[1]);
  const auto queue = [&](std::uint64_t mask, const std::string& name) {
    const auto directory = fid_of(overlay_->upper()).handle;
    const std::string bytes(reinterpret_cast<const char*>(directory.bytes().data()),
                            directory.bytes().size());
    const auto record = watch::fid_record(mask, {watch::fid_info(FAN_EVENT_INFO_TYPE_DFID_NAME, bytes, name,
                                                                 file_system.value, directory.type())});
    require(::write(writer.number(), record.data(), record.size()) > 0, "write");
  };
  boost::asio::io_context loop(1);
  const auto work = boost::asio::make_work_guard(loop);
  std::vector<std::string> paths;
  monitor::UpperReader reader(
      loop, *marker_, sys::Fd(ends[0]),
      {.on_sighting = [&](const monitor::Sighting& sighting) { paths.push_back(sighting.located->path); },
       .on_passed_over = [](std::uint64_t) {},
       .on_loss = [](const monitor::UpperResolver::Missed&) { ADD_FAILURE() << "a loss"; },
       .on_failure = [](const sys::Error& error) { ADD_FAILURE() << error.text(); }});
  reader.set_places(places_);
  queue(FAN_MOVED_TO | FAN_ONDIR, "moved");
  ASSERT_TRUE(wait_for([&] { return reader.tally().records == 1; }, 10s));
  queue(FAN_ATTRIB, "other");
  ASSERT_TRUE(run_until(loop, [&] { return !paths.empty(); }));
  EXPECT_EQ(paths.front(), "/moved/new");
}

TEST_F(ResolvedRecord, IsNoLossWhereTheFileIsTheHosts) {
  const std::string other = disk_->path() + "/other";
  EXPECT_EQ(path_of(record(FAN_ATTRIB, other)), std::nullopt);
  EXPECT_EQ(path_of(record(FAN_CLOSE_WRITE, other)), std::nullopt);
  EXPECT_EQ(path_of(without_name(record(FAN_ATTRIB, other))), std::nullopt);
  EXPECT_EQ(resolver_->tally().elsewhere, 3U);
  EXPECT_EQ(resolver_->tally().gone, 0U);
}

// A user may move the upper directory of a container of his, and put another one that he may write to there.
TEST_F(ResolvedRecord, OfADirectoryThatTookThePlaceOfTheProvenOneIsALoss) {
  std::filesystem::create_directory(overlay_->upper() + "/sub");
  write(overlay_->upper() + "/sub/new");
  start(true);
  EXPECT_EQ(path_of(record(FAN_ATTRIB, overlay_->upper())), "/new");
  EXPECT_EQ(path_of(record(FAN_ATTRIB, overlay_->upper() + "/sub")), "/sub/new");
  EXPECT_EQ(path_of(without_name(record(FAN_ATTRIB, overlay_->upper() + "/sub"))), "/sub/new");
  EXPECT_EQ(resolver_->check_places().size(), 0U);
  const auto own = record(FAN_ATTRIB, overlay_->upper());
  std::filesystem::rename(overlay_->upper(), disk_->path() + "/away");
  std::filesystem::rename(disk_->path() + "/other", overlay_->upper());
  resolver_->forget_paths();
  ASSERT_EQ(resolver_->check_places().size(), 1U) << "what is written there has no place";
  EXPECT_EQ(resolver_->check_places().size(), 0U) << "that was said";
  const auto anothers = record(FAN_ATTRIB, overlay_->upper());
  for (const auto& event : {anothers, without_name(anothers)}) {
    const auto answer = resolver_->resolve_at_last(event);
    const auto* missed = std::get_if<monitor::UpperResolver::Missed>(&answer);
    ASSERT_NE(missed, nullptr);
    EXPECT_EQ(missed->mount, 1U);
  }
  std::filesystem::rename(overlay_->upper(), disk_->path() + "/other");
  std::filesystem::rename(disk_->path() + "/away", overlay_->upper());
  resolver_->forget_paths();
  EXPECT_EQ(resolver_->check_places().size(), 0U);
  EXPECT_EQ(path_of(own), "/new");
}

// Whoever takes a lease would else have all containers scanned, again and again.
TEST_F(ResolvedRecord, OfALeasedFileIsALossOfItsContainerAlone) {
  const auto owner = sys::value_or_throw(sys::open_path(overlay_->upper() + "/new", O_RDWR));
  ASSERT_EQ(::fcntl(owner.number(), F_SETLEASE, F_WRLCK), 0);
  std::signal(SIGIO, SIG_IGN);
  const auto event = record(FAN_ATTRIB, overlay_->upper());
  for (const bool is_foreseen : {false, true}) {
    if (is_foreseen) resolver_->foresee({&event, 1});
    const auto answer = resolver_->resolve_at_last(event);
    const auto* missed = std::get_if<monitor::UpperResolver::Missed>(&answer);
    ASSERT_NE(missed, nullptr);
    EXPECT_EQ(missed->loss, model::Loss::lease);
    EXPECT_EQ(missed->error, EAGAIN);
    EXPECT_EQ(missed->mount, 1U);
  }
}

TEST_F(ResolvedRecord, IsFoundByItsNameWhereTheKernelHasForgottenThat) {
  const auto event = record(FAN_ATTRIB, overlay_->upper());
  // The dentries go with the file system, which is soon there again.
  ASSERT_TRUE(overlay_->unmount());
  resolver_.reset();
  ASSERT_EQ(::umount2(disk_->path().c_str(), 0), 0);
  require_command({"mount", "-t", "ext4", "-o", "loop", directory_ + "/image", disk_->path()});
  overlay_->mount();
  start();
  EXPECT_EQ(path_of(event), "/new");
  std::filesystem::rename(overlay_->upper() + "/new", overlay_->upper() + "/renamed");
  EXPECT_EQ(path_of(event), "/renamed");
}

}  // namespace
}  // namespace dropwarden::test
