// SPDX-License-Identifier: Apache-2.0
// Whoever closes the file, the container is the one that the file is in, and the process is told truly.
#include <fcntl.h>
#include <filesystem>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

#include "runtime_test.hpp"
#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/passed_descriptor.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::AnyOf;
using testing::StartsWith;

const std::vector<std::string> idle{"sleep", "100000"};

class Writers : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    if (IsSkipped()) return;
    container_ = std::make_unique<ScopedContainer>(runtime(), idle);
    daemon_ = std::make_unique<Daemon>(make_directory(), std::vector<RuntimeSocket>{runtime().socket()});
    init_ = daemon_->init_of(container()->id);
    ASSERT_NE(init_, 0) << daemon_->log();
  }

  ScopedContainer& container() { return *container_; }
  // `path` in the container, from here.
  std::string through_proc(const std::string& path) const {
    return "/proc/" + std::to_string(init_) + "/root" + path;
  }
  // The finding about `path` in the container.
  Record found(const std::string& path) {
    auto record = daemon_->wait_for_record(final_of(container()->id, path), 20s);
    EXPECT_TRUE(record) << daemon_->log();
    if (!record) return {};
    EXPECT_EQ(text_at(*record, "/event/container/name"), container()->name);
    return *record;
  }

  std::unique_ptr<ScopedContainer> container_;
  std::unique_ptr<Daemon> daemon_;
  int init_ = 0;
};

// Not by name: a short-lived process may be gone before anyone asks.
void expect_no_process_of_the_container(const Record& record, const std::string& belonging) {
  EXPECT_THAT(text_at(record, "/event/process/container"), AnyOf(belonging, "unknown"));
  if (text_at(record, "/event/process/container") != belonging) {
    EXPECT_EQ(text_at(record, "/event/process/state"), "exited");
  } else {
    EXPECT_EQ(text_at(record, "/event/process/pid_in_container"), "");
  }
}

TEST_F(Writers, OfTheHostAreTheHostsThroughTheRootOfAProcess) {
  const Child host([&](Line& line) {
    write_file(through_proc("/tmp/x"), read_file("/bin/busybox"));
    line.tell("written");
    line.hear();
  });
  const auto record = found("/tmp/x");
  SCOPED_TRACE(boost::json::serialize(record));
  EXPECT_EQ(text_at(record, "/event/process/container"), "host");
  EXPECT_EQ(text_at(record, "/event/process/pid"), std::to_string(host.pid()));
  EXPECT_EQ(text_at(record, "/event/process/pid_in_container"), "");
  EXPECT_EQ(text_at(record, "/event/process/exe"), std::filesystem::read_symlink("/proc/self/exe"));
  EXPECT_EQ(text_at(record, "/event/process/ancestors/0/pid"), std::to_string(::getpid()));
}

// As `nsenter --mount`: its paths are the container's, its cgroup is not.
TEST_F(Writers, OfTheHostAreTheHostsInTheMountNamespaceOfTheContainer) {
  const auto busybox = read_file("/bin/busybox");
  const Child host([&](Line& line) {
    join_mount_namespace(init_);
    write_file("/tmp/x", busybox);
    line.tell("written");
    line.hear();
  });
  const auto record = found("/tmp/x");
  SCOPED_TRACE(boost::json::serialize(record));
  EXPECT_EQ(text_at(record, "/event/process/container"), "host");
  EXPECT_EQ(text_at(record, "/event/process/pid"), std::to_string(host.pid()));
  EXPECT_EQ(text_at(record, "/event/process/pid_in_container"), "");
}

TEST_F(Writers, ThatCopyFilesIntoAContainerAreTheHosts) {
  const auto file = make_directory() + "/x";
  std::filesystem::copy_file("/bin/busybox", file);
  copy_into(*container(), init_, file, "/tmp");
  const auto record = found("/tmp/x");
  SCOPED_TRACE(boost::json::serialize(record));
  EXPECT_EQ(text_at(record, "/data/path"), "/tmp/x");
  expect_no_process_of_the_container(record, "host");
}

// A descriptor that was passed over a socket (SCM_RIGHTS, unix(7)): the last to close it is the one that the
// kernel tells, and that one is in another container.
TEST_F(Writers, OfAnotherContainerThatADescriptorWasPassedToAreTheOthers) {
  ScopedContainer other(runtime(), idle);
  const int other_init = daemon_->init_of(other->id);
  ASSERT_NE(other_init, 0);
  Child receiver([&](Line& line) {
    join_cgroups_of(other_init);
    const sys::Fd passed =
        sys::value_or_throw(sys::open_path(through_proc("/tmp/x"), O_WRONLY | O_CREAT, 0755));
    SocketPair sockets;
    sockets.send(passed.number());
    const sys::Fd received = sockets.receive();
    const auto busybox = read_file("/bin/busybox");
    require(::write(received.number(), busybox.data(), busybox.size()) > 0, "write");
    line.tell("written");
    line.hear();
    ::close(::dup(received.number()));
  });
  receiver.line().hear();
  const int receiver_pid = receiver.pid();
  receiver.line().tell("close");
  ASSERT_TRUE(receiver.wait());
  const auto record = found("/tmp/x");
  SCOPED_TRACE(boost::json::serialize(record));
  EXPECT_EQ(text_at(record, "/event/process/pid"), std::to_string(receiver_pid));
  expect_no_process_of_the_container(record, "other");
}

// Descriptors that are in flight over sockets which are in flight themselves are closed by the kernel's
// collector (net/unix/garbage.c), long after their process has ended: in a worker of the kernel, as of 6.10.
TEST_F(Writers, ThatAreTheKernelAreTheHosts) {
  ASSERT_TRUE(run_in_child([&] {
    const sys::Fd file =
        sys::value_or_throw(sys::open_path(through_proc("/tmp/x"), O_WRONLY | O_CREAT, 0755));
    const auto busybox = read_file("/bin/busybox");
    require(::write(file.number(), busybox.data(), busybox.size()) > 0, "write");
    SocketPair sockets;
    sockets.send(file.number());
    sockets.send_itself();
  }));
  // Any socket that is closed wakes the collector.
  run_in_child([] { const SocketPair sockets; });
  const auto record = found("/tmp/x");
  SCOPED_TRACE(boost::json::serialize(record));
  expect_no_process_of_the_container(record, "host");
  EXPECT_THAT(text_at(record, "/event/process/name"), AnyOf("", StartsWith("kworker"), StartsWith("integ")));
}

// A command that the runtime starts in the container is no child of the container's first process.
TEST_F(Writers, ThatTheRuntimeStartedHaveNoAncestorsOutsideTheContainer) {
  const std::string script = "exec 3>/tmp/x; cat /bin/busybox >&3; exec 3>&-; sleep 2; :";
  container().execute(script);
  const auto record = found("/tmp/x");
  SCOPED_TRACE(boost::json::serialize(record));
  EXPECT_EQ(text_at(record, "/event/process/container"), "same");
  EXPECT_EQ(text_at(record, "/event/process/name"), "sh");
  EXPECT_THAT(text_at(record, "/event/process/pid_in_container"), testing::Not(AnyOf("", "1")));
  EXPECT_EQ(text_at(record, "/event/process/ancestors"), "[]");
}

// Its parent is gone, the container's first process has adopted it, and it is nobody's child outside.
TEST_F(Writers, ThatLeftTheirParentEndAtTheFirstProcessOfTheContainer) {
  container().execute(
      "(sh -c 'sleep 0.2; exec 3>/tmp/x; cat /bin/busybox >&3; exec 3>&-; sleep 2; :' &) > /dev/null 2>&1");
  const auto record = found("/tmp/x");
  SCOPED_TRACE(boost::json::serialize(record));
  EXPECT_EQ(text_at(record, "/event/process/container"), "same");
  EXPECT_EQ(text_at(record, "/event/process/ancestors/0/pid"), std::to_string(init_));
  EXPECT_EQ(text_at(record, "/event/process/ancestors/0/name"), "sleep");
  EXPECT_EQ(text_at(record, "/event/process/ancestors/1/pid"), "");
}

}  // namespace
}  // namespace dropwarden::test
