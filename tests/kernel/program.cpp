// SPDX-License-Identifier: Apache-2.0
// Whether the program of a process is the image's own, on overlays in which somebody wants it to be taken for
// that.
#include "dropwarden/layer/program.hpp"

#include <filesystem>
#include <sys/mount.h>
#include <sys/stat.h>

#include <gmock/gmock.h>

#include "dropwarden/sys/file.hpp"

#include "layer_test.hpp"
#include "support/file.hpp"
#include "support/layered_overlay.hpp"
#include "support/private_mounts.hpp"

namespace dropwarden::test {
namespace {

using model::ProgramState;

// One image with two programs of one size, in the lower of two layers.
class Program : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    overlay_ = std::make_unique<LayeredOverlay>(make_scratch_directory(), 2);
    const std::string bin = overlay_->lower(2) + "/usr/bin";
    std::filesystem::create_directories(bin);
    write_file(bin + "/dpkg", make_elf() + "dpkg");
    write_file(bin + "/evil", make_elf() + "evil");
  }
  void mount(const std::string& options = {}) { overlay_->mount(LayeredOverlay::Names::absolute, options); }
  void shell(const std::string& command) const {
    ASSERT_EQ(std::system(("cd " + overlay_->merged() + "/usr/bin && " + command).c_str()), 0) << command;
  }
  // As stat(2) of /proc/PID/exe gives it.
  std::uint64_t inode_of(const std::string& path) const {
    struct stat status{};
    EXPECT_EQ(::stat((overlay_->merged() + path).c_str(), &status), 0) << path;
    return status.st_ino;
  }
  ProgramState judge(const std::string& path, std::uint64_t inode) const {
    const auto known = read_overlay(overlay_->merged());
    layer::Image image(*privilege_, known.layers, known.mounts);
    return layer::judge_program(*privilege_, image, path, inode, {});
  }
  bool is_of_image(const std::string& path) const {
    const auto known = read_overlay(overlay_->merged());
    layer::Image image(*privilege_, known.layers, known.mounts);
    return layer::has_untouched_program(image, path);
  }
  ProgramState judge(const std::string& path) const { return judge(path, inode_of(path)); }

  std::unique_ptr<LayeredOverlay> overlay_;
};

TEST_F(Program, IsUntouchedWhereTheUpperDirectoryHasNothing) {
  mount();
  EXPECT_EQ(judge("/usr/bin/dpkg"), ProgramState::untouched);
  shell("echo new > other && chmod 0700 .");
  EXPECT_EQ(judge("/usr/bin/dpkg"), ProgramState::untouched) << "its directory is in the upper one now";
}

TEST_F(Program, IsCopiedUpWhereOnlyItsMetadataChanged) {
  for (const std::string options : {"", "metacopy=on,redirect_dir=on"}) {
    SCOPED_TRACE(options);
    SetUp();
    mount(options);
    shell("chown 1000:1000 dpkg && chmod 0700 dpkg");
    EXPECT_EQ(judge("/usr/bin/dpkg"), ProgramState::copied_up);
  }
}

TEST_F(Program, IsNotTheImagesOnceItsBytesChangedOrItIsNew) {
  for (const std::string change :
       {"printf evil | dd of=dpkg bs=1 seek=200 conv=notrunc 2>/dev/null; cat evil > dpkg",
        "cp evil x && mv x dpkg", "mv evil dpkg", "ln -f evil dpkg", "rm dpkg && cp evil dpkg",
        "rm dpkg && ln evil dpkg", "printf x >> dpkg"}) {
    SCOPED_TRACE(change);
    SetUp();
    mount();
    shell(change);
    EXPECT_EQ(judge("/usr/bin/dpkg"), ProgramState::unknown);
  }
  shell("cp evil fresh");
  EXPECT_EQ(judge("/usr/bin/fresh"), ProgramState::unknown);
}

TEST_F(Program, IsNotTheImagesOnceItWasRemoved) {
  mount();
  const auto inode = inode_of("/usr/bin/dpkg");
  shell("rm dpkg");
  EXPECT_EQ(judge("/usr/bin/dpkg", inode), ProgramState::unknown) << "a whiteout";
}

TEST_F(Program, IsNotTheImagesInADirectoryThatWasMadeAnewOrRenamed) {
  mount("redirect_dir=on");
  const auto inode = inode_of("/usr/bin/dpkg");
  shell("cd .. && mv bin programs");
  EXPECT_EQ(judge("/usr/programs/dpkg"), ProgramState::unknown)
      << "another directory of the image may be under this name";
  EXPECT_EQ(judge("/usr/bin/dpkg", inode), ProgramState::unknown) << "below a whiteout";
  std::filesystem::create_directory(overlay_->merged() + "/usr/bin");
  EXPECT_EQ(judge("/usr/bin/dpkg", inode), ProgramState::unknown) << "below an opaque directory";
}

TEST_F(Program, IsOfTheImageAsLongAsTheContainerHasNothingInItsPlace) {
  for (const std::string change :
       {"chmod 0700 dpkg", "cat evil > dpkg", "mv evil dpkg", "rm dpkg", "cp dpkg x && mv x dpkg",
        "cd .. && mv bin x && mkdir bin && cp x/dpkg bin"}) {
    SCOPED_TRACE(change);
    SetUp();
    mount();
    EXPECT_TRUE(is_of_image("/usr/bin/dpkg"));
    shell(change);
    EXPECT_FALSE(is_of_image("/usr/bin/dpkg"));
  }
  SetUp();
  mount();
  shell("cp evil fresh");
  for (const std::string path : {"/usr/bin/fresh", "/usr/bin", "/usr/bin/none", "", "/"})
    EXPECT_FALSE(is_of_image(path)) << path;
}

// A process in a mount namespace of its own has what it likes at this path.
TEST_F(Program, IsNotTheImagesByAPathThatABindMountLendsIt) {
  mount();
  shell("cp evil fresh");
  for (const std::string lent : {"/usr/bin/evil", "/usr/bin/fresh"})
    EXPECT_EQ(judge("/usr/bin/dpkg", inode_of(lent)), ProgramState::unknown) << lent;
}

TEST_F(Program, IsNotTheImagesWhereItsPathIsNone) {
  mount();
  const auto inode = inode_of("/usr/bin/dpkg");
  for (const std::string path :
       {"", "/", "usr", "/usr/bin", "/usr/bin/../bin/dpkg", "/usr/bin/dpkg (deleted)", "/usr/bin/dpkg/x"})
    EXPECT_EQ(judge(path, inode), ProgramState::unknown) << path;
}

// The layers are on several file systems, so that numbers of their files may be equal.
TEST_F(Program, IsToldApartFromANewFileOfTheSameNumberOnAnotherFileSystem) {
  const std::string lower = overlay_->lower(2);
  ASSERT_EQ(::mount("test", lower.c_str(), "tmpfs", 0, nullptr), 0);
  std::filesystem::create_directories(lower + "/usr/bin");
  write_file(lower + "/usr/bin/dpkg", make_elf() + "dpkg");
  struct stat original{};
  ASSERT_EQ(::stat((lower + "/usr/bin/dpkg").c_str(), &original), 0);
  mount("xino=on");
  EXPECT_EQ(judge("/usr/bin/dpkg", original.st_ino), ProgramState::unknown);
  struct stat shown{};
  ASSERT_EQ(::stat((overlay_->merged() + "/usr/bin/dpkg").c_str(), &shown), 0);
  if (shown.st_ino >> 48U != 0) {
    EXPECT_EQ(judge("/usr/bin/dpkg"), ProgramState::untouched);
  }
  overlay_.reset();
  ::umount2(lower.c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace dropwarden::test
