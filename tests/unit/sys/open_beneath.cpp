// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <signal.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

#include "scratch_directory.hpp"

// The tree is a container's, so each name in it is the attacker's choice.
namespace dropwarden::sys {
namespace {

class OpenBeneath : public testing::Test {
 protected:
  OpenBeneath() {
    scratch_.write("secret", "outside");
    scratch_.write("tree/bin/tool", "inside");
    tree_ = value_or_throw(open_path(scratch_ / "tree", O_PATH | O_DIRECTORY));
  }

  void link(const std::string& target, const std::string& name) {
    ASSERT_EQ(::symlink(target.c_str(), (scratch_ / ("tree/" + name)).c_str()), 0);
  }
  // What is read at `relative`; the errno where it cannot be opened.
  std::string content_of(const std::string& relative) const {
    const auto file = open_beneath(tree_.number(), relative, O_RDONLY);
    if (!file) return std::to_string(file.error().number);
    return value_or_throw(read_file(file->number(), 100, relative));
  }

  ScratchDirectory scratch_;
  Fd tree_;
};

TEST_F(OpenBeneath, OpensWhatLiesInTheTree) {
  EXPECT_EQ(content_of("bin/tool"), "inside");
  EXPECT_EQ(content_of("./bin/../bin/tool"), "inside");
}

TEST_F(OpenBeneath, TakesAnAbsolutePathForOneFromTheTreesRoot) {
  EXPECT_EQ(content_of("/bin/tool"), "inside");
  EXPECT_EQ(content_of("///bin/tool"), "inside");
}

TEST_F(OpenBeneath, OpensTheTreeItselfByAnEmptyPath) {
  for (const char* path : {"", "/", "."}) {
    const auto root = open_beneath(tree_.number(), path, O_PATH | O_DIRECTORY);
    ASSERT_TRUE(root) << root.error().text();
    EXPECT_EQ(value_or_throw(read_descriptor_path(root->number())), scratch_ / "tree");
  }
}

TEST_F(OpenBeneath, NeverStepsOutOfTheTree) {
  const auto out = std::to_string(EXDEV);
  EXPECT_EQ(content_of("../secret"), out);
  EXPECT_EQ(content_of("bin/../../secret"), out);
  EXPECT_EQ(content_of("/../secret"), out);
  EXPECT_EQ(content_of(".."), out);
}

TEST_F(OpenBeneath, FollowsNoSymbolicLinkWhereverItStands) {
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

TEST_F(OpenBeneath, FollowsNoMagicLink) {
  const auto proc = value_or_throw(open_path("/proc/self", O_PATH | O_DIRECTORY));
  EXPECT_EQ(open_beneath(proc.number(), "root/etc/passwd", O_RDONLY).error().number, ELOOP);
  EXPECT_EQ(open_beneath(proc.number(), "exe", O_RDONLY).error().number, ELOOP);
  EXPECT_TRUE(open_beneath(proc.number(), "status", O_RDONLY));
}

TEST_F(OpenBeneath, DoesNotWaitForTheOtherEndOfAPipe) {
  ASSERT_EQ(::mkfifo((scratch_ / "tree/pipe").c_str(), 0600), 0);
  const auto pipe = open_beneath(tree_.number(), "pipe", O_RDONLY);
  ASSERT_TRUE(pipe) << pipe.error().text();
}

TEST_F(OpenBeneath, GivesUpOnALeasedFileAtOnce) {
  // The holder is told by a signal whose default ends the process (fcntl(2), F_SETLEASE).
  const auto before = ::signal(SIGIO, SIG_IGN);
  const auto holder = value_or_throw(open_path(scratch_ / "tree/bin/tool", O_RDWR));
  if (::fcntl(holder.number(), F_SETLEASE, F_WRLCK) != 0) {
    ::signal(SIGIO, before);
    GTEST_SKIP() << "SKIP kernel: no leases on the file system of /var/tmp";
  }
  const auto start = std::chrono::steady_clock::now();
  const auto file = open_beneath(tree_.number(), "bin/tool", O_RDONLY);
  const auto waited = std::chrono::steady_clock::now() - start;
  ::fcntl(holder.number(), F_SETLEASE, F_UNLCK);
  ::signal(SIGIO, before);

  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().number, EAGAIN);
  EXPECT_LT(waited, std::chrono::seconds(5)) << "the kernel would wait 45 seconds (lease-break-time)";
  EXPECT_EQ(content_of("bin/tool"), "inside") << "once the lease is given up";
}

TEST_F(OpenBeneath, GoesAcrossAMountOnlyWhereItMay) {
  const auto root = value_or_throw(open_path("/", O_PATH | O_DIRECTORY));
  EXPECT_TRUE(open_beneath(root.number(), "proc/version", O_PATH));
  const auto refused = open_beneath(root.number(), "proc/version", O_PATH, Mounts::refused);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().number, EXDEV);
}

TEST_F(OpenBeneath, NamesWhatIsMissing) {
  const auto missing = open_beneath(tree_.number(), "bin/none", O_RDONLY);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().number, ENOENT);
  EXPECT_EQ(missing.error().object, "bin/none");
}

}  // namespace
}  // namespace dropwarden::sys
