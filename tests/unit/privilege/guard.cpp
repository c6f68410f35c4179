// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/privilege/guard.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "dropwarden/sys/file_handle.hpp"

#include "privilege/checks.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::privilege {
namespace {

class Guard : public testing::Test {
 protected:
  std::unique_ptr<Privilege> guarded_ = make_guarded(make_direct(),
                                                     {.runtimes = {{.socket = "/run/granted.sock"}},
                                                      .control_socket = {},
                                                      .store = {},
                                                      .captures = {},
                                                      .metrics = {},
                                                      .outputs = {.files = {},
                                                                  .readable = {"/etc/hostname", "/dev/null"},
                                                                  .has_network = false,
                                                                  .tcp_ports = {}}},
                                                     nullptr);
  sys::Fd null_{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
};

TEST_F(Guard, OpensNoGroupThatCouldHoldAnybodyUp) {
  EXPECT_EQ(guarded_->open_group(FAN_CLASS_CONTENT, O_RDONLY).error().number, EPERM);
  EXPECT_EQ(guarded_->open_group(FAN_CLASS_PRE_CONTENT, O_RDONLY).error().number, EPERM);
  EXPECT_EQ(guarded_->open_group(FAN_CLASS_NOTIF, O_RDWR).error().number, EPERM);
}

TEST_F(Guard, MarksForGroupsAlone) {
  const auto answer = guarded_->mark_file_system(null_.number(), MountPoint{"/"}, FAN_CLOSE_WRITE, 0xef53);
  EXPECT_EQ(answer.error().number, EPERM);
  const auto answers = guarded_->mark_mounts(null_.number(), 1, {{}, {}}, FAN_CLOSE_WRITE);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[1].error().number, EPERM);
}

// Before anything else is done: /dev/null is named as what was refused, whatever the kernel would have said.
TEST_F(Guard, TakesNothingButAGroupForTheOneThatIsMarked) {
  const auto expect_refused = [](const auto& result, const char* object) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().number, EPERM);
    EXPECT_EQ(result.error().object, object);
  };
  const int no_group = null_.number();
  const HostMount host{.path = "/", .mount_id = 1, .type = 0xef53};
  expect_refused(guarded_->ignore_mount(no_group, host, FAN_CLOSE_WRITE), "/dev/null");
  expect_refused(guarded_->mark_by_handle(no_group, host, {.wanted = FAN_ATTRIB, .unwanted = 0}),
                 "/dev/null");
  expect_refused(guarded_->mark_mount_namespace(no_group, 0), "/dev/null");
  expect_refused(guarded_->mark_mount_namespace_of(no_group, ::getpid(), 0), "/dev/null");
  expect_refused(guarded_->open_canary(no_group, FAN_CLOSE_WRITE), "/dev/null");

  constexpr const char* held_up = "permission event";
  expect_refused(guarded_->ignore_mount(no_group, host, FAN_OPEN_PERM), held_up);
  expect_refused(guarded_->mark_mount_namespace(no_group, FAN_OPEN_PERM), held_up);
  expect_refused(guarded_->mark_mount_namespace_of(no_group, ::getpid(), FAN_OPEN_PERM), held_up);
  expect_refused(guarded_->open_canary(no_group, FAN_OPEN_PERM), held_up);
}

TEST_F(Guard, RefusesPermissionEventsAndForeignFileSystems) {
  EXPECT_EQ(check_group(null_.number(), FAN_OPEN_PERM).error().object, "permission event");
  EXPECT_EQ(check_type(0x65735546).error().number, EPERM) << "FUSE";
  EXPECT_EQ(check_type(0x6969).error().number, EPERM) << "NFS";
  EXPECT_TRUE(check_type(0x794c7630)) << "overlay";
}

TEST_F(Guard, OpensHandlesOnlyOnMountsThatWereOpenedForIt) {
  const sys::Fd root(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_EQ(guarded_->open_by_handle(root.number(), sys::FileHandle{}).error().number, EPERM);
}

TEST_F(Guard, ConnectsToConfiguredSocketsAlone) {
  EXPECT_EQ(guarded_->connect_unix("/run/other.sock").error().number, EPERM);
  EXPECT_EQ(guarded_->connect_unix("/run/granted.sock").error().number, ENOENT);
}

TEST_F(Guard, OpensForOutputsWhatIsConfiguredAlone) {
  EXPECT_TRUE(guarded_->open_output_input("/etc/hostname"));
  EXPECT_EQ(guarded_->open_output_input("/etc/shadow").error().number, EPERM);
  EXPECT_EQ(guarded_->open_output_input("/etc/../etc/hostname").error().number, EPERM);
  EXPECT_EQ(guarded_->open_output_input("/dev/null").error().number, EINVAL) << "a device";
}

TEST_F(Guard, OpensFilesAndDirectoriesToBeReadAndNothingElse) {
  EXPECT_EQ(guarded_->open_regular_file(null_.number()).error().number, EPERM) << "a device";
  EXPECT_EQ(guarded_->is_open_for_write(null_.number()).error().number, EPERM);
  const test::TemporaryDirectory directory;
  ASSERT_EQ(::mkfifo((directory.path() / "fifo").c_str(), 0600), 0);
  EXPECT_FALSE(guarded_->open_in_directory(directory.path(), "fifo"));
  EXPECT_TRUE(guarded_->open_in_directory(directory.path(), "."));
}

}  // namespace
}  // namespace dropwarden::privilege
