// SPDX-License-Identifier: Apache-2.0
// Overlays that whoever mounted them has laid over a FUSE file system, and what of them can be asked without
// its server.
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/upper_directory.hpp"
#include "dropwarden/watch/features.hpp"

#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/disk.hpp"
#include "support/fuse_server.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"
#include "support/user_namespace.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;

class HiddenOverlay : public KernelTest {
 protected:
  void SetUp() override {
    if (const std::string missing = FuseServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    directory_ = make_scratch_directory();
    for (const char* name : {"/fuse", "/lower", "/upper", "/work", "/merged"})
      std::filesystem::create_directory(directory_ + name);
    server_ = std::make_unique<FuseServer>(make_elf());
    server_->mount(path("/fuse"));
  }
  void TearDown() override {
    server_.reset();
    ::umount2(path("/merged").c_str(), MNT_DETACH);
    ::umount2(path("/fuse").c_str(), MNT_DETACH);
    KernelTest::TearDown();
  }

  std::string path(const std::string& name) const { return directory_ + name; }
  // With the options that make it ask for most.
  void mount_over_fuse() const {
    mount_file_system("overlay", path("/merged"), "overlay",
                      "xino=on,lowerdir=" + path("/lower") + ":" + path("/fuse") +
                          ",upperdir=" + path("/upper") + ",workdir=" + path("/work"));
  }
  static sys::Fd open_top(const std::string& directory) {
    return sys::value_or_throw(sys::open_path(directory, O_PATH | O_DIRECTORY));
  }
  static bool tells_of_dumps(const std::string& directory) {
    const auto status = sys::value_or_throw(sys::read_cached_status(open_top(directory).number()));
    return (status.told_attributes & STATX_ATTR_NODUMP) != 0;
  }
  static bool is_upper(const std::string& merged, const std::string& directory) {
    return sys::value_or_throw(
        sys::is_upper_directory(open_top(merged).number(), open_top(directory).number()));
  }
  // Whoever waits for the server cannot be killed, so it is no thread of this process.
  bool is_server_asked_by(const std::function<void()>& act) {
    server_->hang();
    Child child([&](Line& line) {
      act();
      line.tell("acted");
    });
    const bool is_held = wait_for([&] { return server_->held() > 0; }, 500ms);
    if (!is_held) child.line().hear();
    server_.reset();
    return is_held;
  }

  std::string directory_;
  std::unique_ptr<FuseServer> server_;
};

TEST_F(HiddenOverlay, AsksTheServerOfALowerLayerForTheEventOfAnExecution) {
  mount_over_fuse();
  TestGroup group(*privilege_, features_);
  group.mark(path("/merged"), OVERLAYFS_SUPER_MAGIC, watch::exec_mask());
  run_in_child([&] { ::execl(path("/merged/tool").c_str(), "tool", nullptr); });
  EXPECT_TRUE(is_server_asked_by([&] { group.read_queued(); }));
}

TEST_F(HiddenOverlay, AsksNoLowerLayerForTheEventOfAWriteNorForWhatIsCached) {
  mount_over_fuse();
  TestGroup group(*privilege_, features_);
  group.mark(path("/merged"));
  std::ofstream(path("/merged/tool"), std::ios::app) << "written" << std::flush;
  EXPECT_FALSE(is_server_asked_by([&] {
    const auto events = group.read_queued();
    require(events.size() == 1, "read");
    const int file = events[0].file.number();
    require(read_header(events[0].file) == elf_magic, "pread");
    require(sys::read_cached_status(file) && sys::read_shape(file), "statx");
    require(sys::read_file_system_status(file).has_value(), "fstatfs");
    require(sys::read_descriptor_path(file).has_value(), "readlink");
    require(sys::read_attribute(file, "security.capability", 64).has_value(), "getxattr");
  }));
}

// It has the inode number of the file that was copied up.
TEST_F(HiddenOverlay, AsksTheServerOfALowerLayerForTheStatusOfWhatWasWritten) {
  mount_over_fuse();
  std::ofstream(path("/merged/tool"), std::ios::app) << "written" << std::flush;
  const auto file = sys::value_or_throw(sys::open_path(path("/merged/tool"), O_RDONLY));
  EXPECT_TRUE(is_server_asked_by([&] { static_cast<void>(sys::read_status(file.number())); }));
}

TEST_F(HiddenOverlay, SaysWhichDirectoryItWritesToAndAsksNoLowerLayer) {
  mount_over_fuse();
  const TestOverlay other(make_scratch_directory());
  server_->hang();
  EXPECT_TRUE(is_upper(path("/merged"), path("/upper")));
  for (const auto& directory : {path("/lower"), path("/work"), directory_, other.upper()})
    EXPECT_FALSE(is_upper(path("/merged"), directory)) << directory;
  EXPECT_TRUE(is_upper(other.merged(), other.upper()));
  EXPECT_EQ(server_->held(), 0U);
}

// Whatever others do there at the time.
TEST_F(HiddenOverlay, SaysWhichDirectoryItWritesToByNobodyElse) {
  mount_over_fuse();
  Child other([&](Line& line) {
    line.tell();
    while (true) ::close(::open(path("/lower").c_str(), O_RDONLY | O_CLOEXEC));
  });
  other.line().hear();
  for (int i = 0; i < 100; ++i) {
    ASSERT_FALSE(is_upper(path("/merged"), path("/lower")));
    ASSERT_TRUE(is_upper(path("/merged"), path("/upper")));
  }
}

TEST_F(HiddenOverlay, TellsOfDumpsWhereTheKernelServesItsUpperDirectory) {
  EXPECT_FALSE(tells_of_dumps(path("/fuse")));
  for (const char* type : {"ext4", "xfs", "btrfs"}) {
    if (const auto missing = Disk::missing(type, make_scratch_directory()); !missing.empty()) continue;
    const Disk disk(type, make_scratch_directory());
    std::filesystem::create_directory(disk.path() + "/layer");
    const TestOverlay overlay(disk.path() + "/layer");
    EXPECT_TRUE(tells_of_dumps(overlay.merged())) << type;
    EXPECT_TRUE(is_upper(overlay.merged(), overlay.upper())) << type;
  }
  // Of tmpfs since Linux 6.0.
  mount_over_fuse();
  EXPECT_EQ(tells_of_dumps(path("/merged")), tells_of_dumps(path("/upper")));
}

// Since Linux 5.7, and in a user namespace since 5.11.
TEST_F(HiddenOverlay, MayHaveAnUpperDirectoryThatAServerServes) {
  for (const char* name : {"/u", "/w"}) std::filesystem::create_directory(path("/fuse") + name);
  mount_file_system("overlay", path("/merged"), "overlay",
                    "userxattr,lowerdir=" + path("/lower") + ",upperdir=" + path("/fuse/u") +
                        ",workdir=" + path("/fuse/w"));
  EXPECT_FALSE(tells_of_dumps(path("/merged")));
  TestGroup group(*privilege_, features_);
  group.mark(path("/merged"));
  write_file(path("/merged/x"), "written");
  EXPECT_TRUE(is_server_asked_by([&] { group.read_queued(); }));
}

}  // namespace
}  // namespace dropwarden::test
