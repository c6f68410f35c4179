// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

#include "scratch_directory.hpp"
#include "support/hide_openat2.hpp"
#include "sys/walk_beneath.hpp"

// The tree is a container's, so each name in it is the attacker's choice.
namespace dropwarden::sys {
namespace {

struct Way {
  const char* name;
  Result<Fd> (*open)(int directory, std::string relative, int flags, Mounts mounts);
};

Result<Fd> open_by_walking(int directory, std::string relative, int flags, Mounts mounts) {
  return walk_beneath(directory, relative, flags | O_NONBLOCK, mounts);
}

class OpenBeneath : public testing::TestWithParam<Way> {
 protected:
  OpenBeneath() {
    scratch_.write("secret", "outside");
    scratch_.write("tree/bin/tool", "inside");
    tree_ = value_or_throw(open_path(scratch_ / "tree", O_PATH | O_DIRECTORY));
  }

  void link(const std::string& target, const std::string& name) {
    ASSERT_EQ(::symlink(target.c_str(), (scratch_ / ("tree/" + name)).c_str()), 0);
  }
  static Result<Fd> open(const Fd& directory, const std::string& relative, int flags,
                         Mounts mounts = Mounts::crossed) {
    return GetParam().open(directory.number(), relative, flags, mounts);
  }
  // What is read at `relative`; the errno where it cannot be opened.
  std::string content_of(const std::string& relative) const {
    const auto file = open(tree_, relative, O_RDONLY);
    if (!file) return std::to_string(file.error().number);
    return value_or_throw(read_file(file->number(), 100, relative));
  }

  ScratchDirectory scratch_;
  Fd tree_;
};

TEST_P(OpenBeneath, OpensWhatLiesInTheTree) {
  EXPECT_EQ(content_of("bin/tool"), "inside");
  EXPECT_EQ(content_of("./bin/../bin/tool"), "inside");
}

TEST_P(OpenBeneath, TakesAnAbsolutePathForOneFromTheTreesRoot) {
  EXPECT_EQ(content_of("/bin/tool"), "inside");
  EXPECT_EQ(content_of("///bin/tool"), "inside");
}

TEST_P(OpenBeneath, OpensTheTreeItselfByAnEmptyPath) {
  for (const char* path : {"", "/", "."}) {
    const auto root = open(tree_, path, O_PATH | O_DIRECTORY);
    ASSERT_TRUE(root) << root.error().text();
    EXPECT_EQ(value_or_throw(read_descriptor_path(root->number())), scratch_ / "tree");
  }
}

TEST_P(OpenBeneath, NeverStepsOutOfTheTree) {
  const auto out = std::to_string(EXDEV);
  EXPECT_EQ(content_of("../secret"), out);
  EXPECT_EQ(content_of("bin/../../secret"), out);
  EXPECT_EQ(content_of("/../secret"), out);
  EXPECT_EQ(content_of(".."), out);
}

TEST_P(OpenBeneath, FollowsNoSymbolicLinkWhereverItStands) {
  const auto refused = std::to_string(ELOOP);
  link("../secret", "up");
  link(scratch_ / "secret", "absolute");
  link("bin/tool", "harmless");
  link("bin", "directory");
  link("..", "above");
  EXPECT_EQ(content_of("up"), refused);
  EXPECT_EQ(content_of("absolute"), refused);
  EXPECT_EQ(content_of("harmless"), refused);
  EXPECT_EQ(content_of("directory/tool"), refused);
  EXPECT_EQ(content_of("above/secret"), refused);
}

TEST_P(OpenBeneath, OpensALinkItselfWhereItIsAskedFor) {
  link("../secret", "up");
  link("bin", "directory");
  const auto opened = open(tree_, "up", O_PATH | O_NOFOLLOW);
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_TRUE(S_ISLNK(value_or_throw(read_status(opened->number())).mode));
  EXPECT_EQ(open(tree_, "up", O_PATH).error().number, ELOOP);
  EXPECT_EQ(open(tree_, "up", O_RDONLY | O_NOFOLLOW).error().number, ELOOP);
  EXPECT_EQ(open(tree_, "directory/tool", O_PATH | O_NOFOLLOW).error().number, ELOOP);
}

TEST_P(OpenBeneath, OpensADirectoryWhereOneIsAskedFor) {
  EXPECT_TRUE(open(tree_, "bin", O_RDONLY | O_DIRECTORY));
  EXPECT_EQ(open(tree_, "bin/tool", O_RDONLY | O_DIRECTORY).error().number, ENOTDIR);
  EXPECT_EQ(open(tree_, "bin/tool", O_PATH | O_DIRECTORY).error().number, ENOTDIR);
  EXPECT_EQ(open(tree_, "bin/tool/further", O_RDONLY).error().number, ENOTDIR);
}

TEST_P(OpenBeneath, FollowsNoMagicLink) {
  const auto proc = value_or_throw(open_path("/proc/self", O_PATH | O_DIRECTORY));
  EXPECT_EQ(open(proc, "root/etc/passwd", O_RDONLY).error().number, ELOOP);
  EXPECT_EQ(open(proc, "exe", O_RDONLY).error().number, ELOOP);
  EXPECT_TRUE(open(proc, "status", O_RDONLY));
}

TEST_P(OpenBeneath, DoesNotWaitForTheOtherEndOfAPipe) {
  ASSERT_EQ(::mkfifo((scratch_ / "tree/pipe").c_str(), 0600), 0);
  const auto pipe = open(tree_, "pipe", O_RDONLY);
  ASSERT_TRUE(pipe) << pipe.error().text();
}

TEST_P(OpenBeneath, GivesUpOnALeasedFileAtOnce) {
  // The holder is told by a signal whose default ends the process (fcntl(2), F_SETLEASE).
  const auto before = ::signal(SIGIO, SIG_IGN);
  const auto holder = value_or_throw(open_path(scratch_ / "tree/bin/tool", O_RDWR));
  if (::fcntl(holder.number(), F_SETLEASE, F_WRLCK) != 0) {
    ::signal(SIGIO, before);
    GTEST_SKIP() << "SKIP kernel: no leases on the file system of /var/tmp";
  }
  const auto start = std::chrono::steady_clock::now();
  const auto file = open(tree_, "bin/tool", O_RDONLY);
  const auto waited = std::chrono::steady_clock::now() - start;
  ::fcntl(holder.number(), F_SETLEASE, F_UNLCK);
  ::signal(SIGIO, before);

  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().number, EAGAIN);
  EXPECT_LT(waited, std::chrono::seconds(5)) << "the kernel would wait 45 seconds (lease-break-time)";
  EXPECT_EQ(content_of("bin/tool"), "inside") << "once the lease is given up";
}

TEST_P(OpenBeneath, GoesAcrossAMountOnlyWhereItMay) {
  const auto root = value_or_throw(open_path("/", O_PATH | O_DIRECTORY));
  if (::faccessat(root.number(), "proc/version", F_OK, 0) != 0)
    GTEST_SKIP() << "SKIP host: / is not what /proc is mounted in, as under an emulator with another root";
  EXPECT_TRUE(open(root, "proc/version", O_PATH));
  const auto refused = open(root, "proc/version", O_PATH, Mounts::refused);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().number, EXDEV);
}

TEST_P(OpenBeneath, NamesWhatIsMissing) {
  const auto missing = open(tree_, "bin/none", O_RDONLY);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().number, ENOENT);
  EXPECT_EQ(missing.error().object, "bin/none");
}

INSTANTIATE_TEST_SUITE_P(By, OpenBeneath,
                         testing::Values(Way{"Openat2", open_beneath}, Way{"Walking", open_by_walking}),
                         [](const auto& way) { return way.param.name; });

TEST(OpenBeneathWithoutOpenat2, WorksAllTheSame) {
  if (::prctl(PR_GET_SECCOMP) < 0) GTEST_SKIP() << "SKIP kernel: no seccomp(2), as under an emulator";
  const ScratchDirectory scratch;
  scratch.write("tree/bin/tool", "inside");
  const auto tree = value_or_throw(open_path(scratch / "tree", O_PATH | O_DIRECTORY));
  std::thread([&] {
    test::hide_openat2();
    const auto inside = open_beneath(tree.number(), "bin/tool", O_RDONLY);
    ASSERT_TRUE(inside) << inside.error().text();
    EXPECT_EQ(value_or_throw(read_file(inside->number(), 100, "tool")), "inside");
    EXPECT_EQ(open_beneath(tree.number(), "../tree/bin/tool", O_RDONLY).error().number, EXDEV);
  }).join();
}

}  // namespace
}  // namespace dropwarden::sys
