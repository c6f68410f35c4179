// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <sched.h>
#include <set>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

#include "own_place.hpp"
#include "support/child.hpp"
#include "support/command.hpp"
#include "support/container_root.hpp"
#include "support/daemon.hpp"
#include "support/disk.hpp"
#include "support/file.hpp"
#include "support/overlay.hpp"
#include "support/wait.hpp"

// The monitor, and the file system under the upper directory of an overlay without a runtime: by what it sees
// there alone.
namespace dropwarden::test {
namespace {

using testing::_;
using testing::Each;
using testing::EndsWith;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

class UpperLayer : public OwnPlace, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    OwnPlace::SetUp();
    if (IsSkipped()) return;
    for (const char* name : {"daemon", "try", "disk"}) std::filesystem::create_directory(path(name));
    const std::string no_disk = Disk::missing(GetParam(), path("try"));
    if (!no_disk.empty()) GTEST_SKIP() << "SKIP kernel: " << no_disk;
    disk_ = std::make_unique<Disk>(GetParam(), path("disk"));
    std::filesystem::create_directory(disk_->path() + "/container");
    daemon_ = std::make_unique<Daemon>(path("daemon"), std::vector<RuntimeSocket>{},
                                       std::vector<std::string>{}, watch_without_runtimes());
    overlay_ = std::make_unique<TestOverlay>(disk_->path() + "/container");
    ASSERT_TRUE(wait_for([&] { return is_watched("names"); }, 10s)) << daemon_->report() << daemon_->log();
  }
  void TearDown() override {
    overlay_.reset();
    daemon_.reset();
    disk_.reset();
  }

  Record upper_layer() const { return boost::json::parse(daemon_->report()).at("upper_layer"); }

  bool is_watched(std::string_view what) const {
    const auto report = upper_layer();
    for (const auto& file_system : report.at("file_systems").as_array()) {
      if (text_at(file_system, "/host_path") != disk_->path()) continue;
      for (const auto& watched : file_system.at("watched").as_array()) {
        if (watched.as_string() == what) return true;
      }
    }
    return false;
  }

  void reconfigure(const std::string& keys) {
    write_file(daemon_->configuration_file(),
               make_configuration(path("daemon"), {}) + watch_without_runtimes(keys));
    daemon_->send(SIGHUP);
  }

  // False where this kernel cannot. The second look would be the first to tell where the machine is busy.
  bool watch_writes() {
    if (upper_layer().at("kernel").as_array().size() < 2) return false;
    reconfigure("upper_layer: writes, second_look: false");
    return wait_for([&] { return is_watched("writes"); }, 10s);
  }

  void act(const std::function<void()>& body) {
    ASSERT_TRUE(run_in_child([&] {
      enter_container_root(overlay_->merged());
      body();
    }));
  }

  // Text, of which the mark on the overlay tells before this returns: its events come in their order.
  void write_text_and_be_seen(const std::string& path_in_container) {
    const std::string next = path_in_container + ".next";
    act([&] {
      write_file(path_in_container, "echo dropped\n");
      write_file(next, "#!/bin/sh\n");
    });
    ASSERT_TRUE(record_of(next)) << daemon_->log();
  }

  std::optional<Record> record_of(const std::string& path_in_container) {
    return daemon_->wait_for_record(
        [&](const Record& record) { return text_at(record, "/data/path") == path_in_container; }, 20s);
  }
  std::set<std::string> ids_of(const std::string& path_in_container) {
    std::set<std::string> ids;
    for (const Record& record : daemon_->records()) {
      if (text_at(record, "/data/path") == path_in_container) ids.insert(text_at(record, "/id"));
    }
    return ids;
  }
  void expect_seen_there(const std::string& path_in_container) {
    const auto record = record_of(path_in_container);
    ASSERT_TRUE(record) << path_in_container << daemon_->report() << daemon_->log();
    EXPECT_EQ(text_at(*record, "/detected_by"), "upper_layer");
    EXPECT_EQ(text_at(*record, "/event/file/mount"), "rootfs");
  }

  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<TestOverlay> overlay_;
};

INSTANTIATE_TEST_SUITE_P(On, UpperLayer, testing::Values("tmpfs", "ext4", "xfs", "btrfs"),
                         [](const auto& type) { return std::string(type.param); });

TEST_P(UpperLayer, TellsOfTextThatGetsItsExecuteBitAfterItWasClosed) {
  write_text_and_be_seen("/tmp/late");
  act([] { require(::chmod("/tmp/late", 0755) == 0, "chmod"); });
  expect_seen_there("/tmp/late");
}

TEST_P(UpperLayer, TellsTheNamesThatAFileGetsAfterItWasWritten) {
  const std::string program = read_file("/bin/busybox").substr(0, 4096);
  act([&] {
    for (const char* name : {"/tmp/moved.part", "/tmp/linked.first"}) write_file(name, program);
  });
  ASSERT_TRUE(record_of("/tmp/moved.part")) << daemon_->log();
  ASSERT_TRUE(record_of("/tmp/linked.first")) << daemon_->log();
  act([] {
    require(::rename("/tmp/moved.part", "/etc/moved") == 0, "rename");
    require(::link("/tmp/linked.first", "/etc/linked") == 0, "link");
  });
  EXPECT_TRUE(record_of("/etc/moved")) << daemon_->log();
  EXPECT_TRUE(record_of("/etc/linked")) << daemon_->log();
}

TEST_P(UpperLayer, TellsTheNamesOfWhatIsBelowADirectoryThatWasMoved) {
  const std::string program = read_file("/bin/busybox").substr(0, 4096);
  act([&] {
    require(::mkdir("/tmp/tree", 0755) == 0 && ::mkdir("/tmp/tree/bin", 0755) == 0, "mkdir");
    write_file("/tmp/tree/bin/x", program);
  });
  ASSERT_TRUE(record_of("/tmp/tree/bin/x")) << daemon_->log();
  act([] { require(::rename("/tmp/tree", "/etc/tree") == 0, "rename"); });
  EXPECT_TRUE(record_of("/etc/tree/bin/x")) << daemon_->log();
}

// An overlay copies the directory up first, which looks like a move of it with all that is in it by the time
// of the look.
TEST_P(UpperLayer, TellsOnceOfAFileThatTakesItsTimeInADirectoryOfTheImage) {
  const std::string program = read_file("/bin/busybox");
  act([&] {
    auto file = sys::value_or_throw(sys::open_path("/tmp/slow", O_WRONLY | O_CREAT, 0755));
    constexpr std::size_t parts = 9;
    for (std::size_t part = 0; part < parts; ++part) {
      const std::size_t begin = program.size() * part / parts;
      const std::size_t size = program.size() * (part + 1) / parts - begin;
      require(::write(file.number(), program.data() + begin, size) == static_cast<ssize_t>(size), "write");
      // Without a rest at first, and then with rests after which it looks finished.
      ::usleep(part % 3 == 2 ? 350'000 : 40'000);
    }
  });
  ASSERT_TRUE(record_of("/tmp/slow")) << daemon_->log();
  act([] { write_file("/tmp/last", "#!/bin/sh\n"); });
  ASSERT_TRUE(record_of("/tmp/last")) << daemon_->log();
  EXPECT_THAT(ids_of("/tmp/slow"), SizeIs(1)) << daemon_->log();
  EXPECT_EQ(text_at(*record_of("/tmp/slow"), "/event/file/size"), std::to_string(program.size()));
}

TEST_P(UpperLayer, FindsItsWayAfterADirectoryWasMoved) {
  act([] {
    require(::mkdir("/tmp/before", 0755) == 0, "mkdir");
    write_file("/tmp/before/first", "echo dropped\n");
    require(::chmod("/tmp/before/first", 0755) == 0, "chmod");
  });
  ASSERT_TRUE(record_of("/tmp/before/first")) << daemon_->log();
  act([] {
    require(::rename("/tmp/before", "/tmp/after") == 0, "rename");
    write_file("/tmp/after/second", "echo dropped again\n");
    require(::chmod("/tmp/after/second", 0755) == 0, "chmod");
  });
  EXPECT_TRUE(record_of("/tmp/after/second")) << daemon_->log();
}

TEST_P(UpperLayer, TellsOfAStoreThroughAMappingAfterTheFileWasClosed) {
  if (!watch_writes()) GTEST_SKIP() << "SKIP kernel: no content events on upper file systems (Linux 6.5)";
  const std::string program = read_file("/bin/busybox").substr(0, 4096);
  act([&] {
    auto file = sys::value_or_throw(sys::open_path("/tmp/mapped", O_RDWR | O_CREAT, 0755));
    require(::ftruncate(file.number(), 4096) == 0, "ftruncate");
    void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
    require(memory != MAP_FAILED, "mmap");
    file.reset();
    ::usleep(50'000);  // the mark on the overlay has shown an empty file
    std::memcpy(memory, program.data(), program.size());
  });
  expect_seen_there("/tmp/mapped");
}

TEST_P(UpperLayer, TellsOfWhatIsWrittenPastTheOverlay) {
  if (!watch_writes()) GTEST_SKIP() << "SKIP kernel: no content events on upper file systems (Linux 6.5)";
  act([] { require(::chmod("/tmp", 0777) == 0, "chmod"); });  // copies it up
  const std::string nested = overlay_->upper() + "/tmp/nested";
  ASSERT_TRUE(run_in_child([&] {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    std::filesystem::copy_file("/bin/busybox", overlay_->upper() + "/tmp/past");
    std::filesystem::create_directory(nested);
    const TestOverlay inner(nested);
    std::filesystem::copy_file("/bin/busybox", inner.merged() + "/inner");
    ::usleep(200'000);
  }));
  expect_seen_there("/tmp/past");
  expect_seen_there("/tmp/nested/upper/inner");
}

// A record has the name of its time, and both sensors tell of it in either order: while it is done, and when
// all of it is read at once.
TEST_P(UpperLayer, LeavesAFileThatWasRenamedAtOnceWithItsLastName) {
  if (!watch_writes()) GTEST_SKIP() << "SKIP kernel: no content events on upper file systems (Linux 6.5)";
  constexpr int count = 40;
  const auto rename_all = [&](int first) {
    act([first] {
      for (int i = first; i < first + count; ++i) {
        const std::string name = "/tmp/file" + std::to_string(i);
        write_file(name + ".part", "#!/bin/sh\necho " + std::to_string(i) + "\n");
        require(::rename((name + ".part").c_str(), name.c_str()) == 0, "rename");
      }
    });
  };
  rename_all(0);
  ::kill(-daemon_->pid(), SIGSTOP);
  rename_all(count);
  ::kill(-daemon_->pid(), SIGCONT);
  for (int i = 0; i < 2 * count; ++i)
    ASSERT_TRUE(record_of("/tmp/file" + std::to_string(i))) << daemon_->log();
  EXPECT_EQ(daemon_->stop().value, 0) << "what it still had to look at again, it has told";
  std::map<std::string, std::string> last;
  for (const Record& record : daemon_->records())
    last[text_at(record, "/id")] = text_at(record, "/data/path");
  EXPECT_THAT(last, SizeIs(2 * count));
  EXPECT_THAT(last, Each(Pair(_, Not(EndsWith(".part")))));
}

// The mark on the overlay and the one below see the same write.
TEST_P(UpperLayer, GivesADropTheIdThatTheOtherSensorGivesIt) {
  if (!watch_writes()) GTEST_SKIP() << "SKIP kernel: no content events on upper file systems (Linux 6.5)";
  for (int i = 0; i < 10; ++i)
    std::filesystem::copy_file("/bin/busybox", overlay_->merged() + "/drop" + std::to_string(i));
  const auto has_records = [&] { return upper_layer().at("records").to_number<int>() > 0; };
  EXPECT_TRUE(wait_for(has_records, 10s)) << daemon_->report();
  act([] { write_file("/tmp/last", "#!/bin/sh\n"); });
  ASSERT_TRUE(record_of("/tmp/last")) << daemon_->log();
  EXPECT_EQ(daemon_->stop().value, 0);
  for (int i = 0; i < 10; ++i) EXPECT_THAT(ids_of("/drop" + std::to_string(i)), SizeIs(1)) << i;
  const auto ledger = daemon_->ledger();
  EXPECT_EQ(ledger.at("balanced"), 1U);
  EXPECT_GE(ledger.at("received"), 20U) << "by both";
}

TEST_P(UpperLayer, HasNothingToDoWithWhatIsNoContainers) {
  const std::string elsewhere = disk_->path() + "/elsewhere";
  std::filesystem::create_directory(elsewhere);
  const auto received = [&] {
    return boost::json::parse(daemon_->report()).at("ledger").at("received").to_number<std::uint64_t>();
  };
  const auto before = received();
  for (int i = 0; i < 100; ++i) {
    const std::string file = elsewhere + "/f" + std::to_string(i);
    write_file(file, "#!/bin/sh\n");
    require(::chmod(file.c_str(), 0755) == 0, "chmod");
  }
  EXPECT_TRUE(wait_for([&] { return upper_layer().at("elsewhere").to_number<int>() >= 100; }, 10s))
      << daemon_->report();
  EXPECT_EQ(received(), before);
  EXPECT_THAT(ids_of("/f1"), IsEmpty());
}

// The record has a name and a handle, and by the time of the look neither leads to anything.
TEST_P(UpperLayer, CountsWhatWasDestroyedBeforeItCouldBeLookedAt) {
  write_text_and_be_seen("/tmp/destroyed");
  const auto gone = [&] { return upper_layer().at("gone").to_number<int>(); };
  const int before = gone();
  daemon_->send("monitor", SIGSTOP);
  act([] {
    require(::chmod("/tmp/destroyed", 0755) == 0, "chmod");
    require(::unlink("/tmp/destroyed") == 0, "unlink");
  });
  daemon_->send("monitor", SIGCONT);
  EXPECT_TRUE(wait_for([&] { return gone() > before; }, 20s)) << daemon_->report();
  EXPECT_EQ(daemon_->stop().value, 0);
  EXPECT_THAT(ids_of("/tmp/destroyed"), IsEmpty());
  EXPECT_EQ(daemon_->ledger().at("balanced"), 1U);
}

// The last one on its file system, which is watched no longer then.
TEST_P(UpperLayer, TellsOfWhatItLooksAtAfterTheContainerHasGone) {
  write_text_and_be_seen("/tmp/late");
  daemon_->send("monitor", SIGSTOP);
  act([] { require(::chmod("/tmp/late", 0755) == 0, "chmod"); });
  EXPECT_TRUE(wait_for([&] { return overlay_->unmount().has_value(); }, 10s));
  daemon_->send("monitor", SIGCONT);
  expect_seen_there("/tmp/late");
}

TEST_P(UpperLayer, IsWatchedNoLongerThanAContainerIsThere) {
  overlay_.reset();
  EXPECT_TRUE(wait_for([&] { return !is_watched("names"); }, 10s)) << daemon_->report();
  std::filesystem::create_directories(disk_->path() + "/container");
  overlay_ = std::make_unique<TestOverlay>(disk_->path() + "/container");
  EXPECT_TRUE(wait_for([&] { return is_watched("names"); }, 10s)) << daemon_->report();
}

TEST_P(UpperLayer, IsLeftAloneIfToldSo) {
  reconfigure("upper_layer: off");
  EXPECT_TRUE(wait_for([&] { return upper_layer().at("file_systems").as_array().empty(); }, 10s));
  write_text_and_be_seen("/tmp/late");
  act([] {
    require(::chmod("/tmp/late", 0755) == 0, "chmod");
    write_file("/tmp/last", "#!/bin/sh\n");
  });
  ASSERT_TRUE(record_of("/tmp/last"));
  EXPECT_EQ(daemon_->stop().value, 0);
  EXPECT_THAT(ids_of("/tmp/late"), IsEmpty());
}

}  // namespace
}  // namespace dropwarden::test
