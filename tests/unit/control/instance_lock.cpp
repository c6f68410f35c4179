// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/control/instance_lock.hpp"

#include <filesystem>
#include <fstream>
#include <optional>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/file.hpp"

#include "support/temporary_directory.hpp"

namespace dropwarden::control {
namespace {

using testing::HasSubstr;

class InstanceLockTest : public testing::Test {
 protected:
  static mode_t mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777U;
  }

  const test::TemporaryDirectory directory_;
  const std::string path_ = directory_.path() / "run" / "control.sock";
};

TEST_F(InstanceLockTest, NamesItsHolderInAPrivateFile) {
  const InstanceLock lock{path_};
  EXPECT_EQ(lock.socket_path(), path_);
  EXPECT_EQ(sys::read_file(path_ + ".lock", 100), std::to_string(::getpid()) + "\n");
  EXPECT_EQ(mode_of(path_ + ".lock"), 0600U);
  EXPECT_EQ(mode_of(directory_.path() / "run"), 0700U);
}

TEST_F(InstanceLockTest, IsRefusedWhileItIsHeldAndNamesTheHolder) {
  const InstanceLock lock{path_};
  try {
    const InstanceLock second{path_};
    FAIL() << "locked twice";
  } catch (const InstanceHeld& held) {
    EXPECT_EQ(held.pid(), ::getpid());
    EXPECT_THAT(held.what(), HasSubstr("already runs: process " + std::to_string(::getpid())));
    EXPECT_THAT(held.what(), HasSubstr(path_ + ".lock"));
  }
}

TEST_F(InstanceLockTest, MayBeTakenAgainOnceItIsGivenBack) {
  std::optional<InstanceLock> lock{std::in_place, path_};
  lock.reset();
  EXPECT_NO_THROW(lock.emplace(path_));
}

TEST_F(InstanceLockTest, EndsWithTheProcessThatHeldIt) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const InstanceLock lock{path_};
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_NO_THROW(InstanceLock{path_});
}

TEST_F(InstanceLockTest, SaysThatItIsHeldThoughThePidIsUnreadable) {
  const InstanceLock lock{path_};
  std::ofstream(path_ + ".lock") << "garbage";
  try {
    const InstanceLock second{path_};
    FAIL() << "locked twice";
  } catch (const InstanceHeld& held) {
    EXPECT_EQ(held.pid(), 0);
    EXPECT_THAT(held.what(), HasSubstr("another process"));
  }
}

TEST_F(InstanceLockTest, IsNotPutWhereOthersCouldReplaceIt) {
  const std::string shared = directory_.path() / "shared";
  std::filesystem::create_directory(shared);
  ASSERT_EQ(::chmod(shared.c_str(), 01777), 0);
  try {
    const InstanceLock lock{shared + "/control.sock"};
    FAIL() << "locked in a directory that all may write to";
  } catch (const sys::SystemError& error) {
    EXPECT_EQ(error.error().number, EPERM);
    EXPECT_THAT(error.what(), HasSubstr(shared));
  }
}

TEST_F(InstanceLockTest, FollowsNoLink) {
  std::filesystem::create_directory(directory_.path() / "run");
  const std::string victim = directory_.path() / "victim";
  std::ofstream(victim) << "precious";
  std::filesystem::create_symlink(victim, path_ + ".lock");
  EXPECT_THROW(InstanceLock{path_}, sys::SystemError);
  EXPECT_EQ(sys::read_file(victim, 100), "precious");
}

TEST_F(InstanceLockTest, NamesTheDirectoryThatIsMissing) {
  try {
    const InstanceLock lock{directory_.path() / "no" / "such" / "control.sock"};
    FAIL() << "locked in a directory whose parent is missing";
  } catch (const sys::SystemError& error) {
    EXPECT_EQ(error.error().number, ENOENT);
    EXPECT_THAT(error.what(), HasSubstr("no/such"));
  }
}

}  // namespace
}  // namespace dropwarden::control
