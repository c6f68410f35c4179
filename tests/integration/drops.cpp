// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime_test.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/sha256.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::vector<std::string> idle{"sleep", "100000"};

// A line each.
std::string describe(const std::vector<Record>& records) {
  std::string text;
  for (const auto& record : records) text += boost::json::serialize(record) + "\n";
  return text;
}

class Drops : public RuntimeTest {
 protected:
  // A drop by which a test knows that all before it has been handled: events come in their order.
  static void mark_end(ScopedContainer& container, Daemon& daemon, const std::string& path = "/tmp/end") {
    container.execute("cp /bin/busybox " + path);
    ASSERT_TRUE(daemon.wait_for_record(final_of(container->id, path), 20s)) << daemon.log();
  }
};

void expect_container(const Record& record, const TestContainer& container, const std::string& runtime) {
  EXPECT_EQ(text_at(record, "/event/container/id"), container.id);
  EXPECT_EQ(text_at(record, "/event/container/name"), container.name);
  EXPECT_EQ(text_at(record, "/event/container/runtime"), runtime);
  EXPECT_EQ(text_at(record, "/event/container/image/name"), container.image_name);
  EXPECT_THAT(text_at(record, "/event/container/image/digest"),
              AnyOf(container.image_id, container.image_digest));
  EXPECT_EQ(text_at(record, "/event/container/metadata"), "complete");
  if (!container.pod) return;
  EXPECT_EQ(text_at(record, "/event/container/pod/name"), container.pod->name);
  EXPECT_EQ(text_at(record, "/event/container/pod/namespace"), container.pod->name_space);
  EXPECT_EQ(text_at(record, "/event/container/pod/uid"), container.pod->uid);
}

void expect_busybox(const Record& record, const std::string& path) {
  const auto busybox = read_file("/bin/busybox");
  EXPECT_EQ(text_at(record, "/event/file/path"), path);
  EXPECT_EQ(text_at(record, "/data/path"), path);
  EXPECT_EQ(text_at(record, "/event/file/path_state"), "live");
  EXPECT_EQ(text_at(record, "/event/file/kind"), "elf");
  EXPECT_EQ(text_at(record, "/event/file/size"), std::to_string(busybox.size()));
  EXPECT_EQ(text_at(record, "/event/file/mount"), "rootfs");
  EXPECT_EQ(text_at(record, "/event/file/sha256/status"), "done");
  EXPECT_EQ(text_at(record, "/event/file/sha256/value"), sha256(busybox));
}

TEST_F(Drops, ReportsABinaryCopiedIntoARunningContainerOnceWithAllThatIsKnown) {
  ScopedContainer container(runtime(), idle);
  Daemon daemon(make_directory(), {runtime().socket()});
  const auto copied = runtime().execute(*container, {"cp", "/bin/busybox", "/tmp/x"});
  ASSERT_TRUE(copied.status.is_success()) << copied.error;
  const auto record = daemon.wait_for_record(final_of(container->id, "/tmp/x"), 20s);
  ASSERT_TRUE(record) << daemon.log();
  SCOPED_TRACE(boost::json::serialize(*record));
  expect_container(*record, *container, runtime().name());
  expect_busybox(*record, "/tmp/x");
  EXPECT_EQ(text_at(*record, "/schema"), "dropwarden.finding/1");
  EXPECT_EQ(text_at(*record, "/detected_by"), "close_write");
  EXPECT_EQ(text_at(*record, "/event/file/mode"), "0755");
  mark_end(container, daemon);
  EXPECT_THAT(daemon.finding_ids(container->id), SizeIs(2)) << "one for /tmp/x and one for /tmp/end";
}

// A copy is over in a moment, and on a busy machine its process may be reaped before anyone can ask who it
// was: then the finding says `exited`, and the next copy is looked at.
TEST_F(Drops, NamesAProcessThatEndsRightAfterItsWrite) {
  ScopedContainer container(runtime(), idle);
  Daemon daemon(make_directory(), {runtime().socket()});
  std::string name;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const std::string path = "/tmp/x" + std::to_string(attempt);
    ASSERT_TRUE(runtime().execute(*container, {"cp", "/bin/busybox", path}).status.is_success());
    const auto record = daemon.wait_for_record(final_of(container->id, path), 20s);
    ASSERT_TRUE(record) << daemon.log();
    name = text_at(*record, "/event/process/name");
    if (!name.empty()) break;
    EXPECT_EQ(text_at(*record, "/event/process/state"), "exited");
  }
  EXPECT_EQ(name, "cp");
}

// The shell closes the file itself, and stays: so its facts can all be read.
TEST_F(Drops, SeesTheFirstInstructionOfAContainerThatStartsLater) {
  Daemon daemon(make_directory(), {runtime().socket()});
  const std::string script = "exec 3>/tmp/x; cat /bin/busybox >&3; exec 3>&-; sleep 100000; :";
  ScopedContainer container(runtime(), {"sh", "-c", script});
  const auto record = daemon.wait_for_record(final_of(container->id, "/tmp/x"), 20s);
  ASSERT_TRUE(record) << daemon.log();
  SCOPED_TRACE(boost::json::serialize(*record));
  expect_container(*record, *container, runtime().name());
  expect_busybox(*record, "/tmp/x");
  EXPECT_EQ(text_at(*record, "/event/process/state"), "running");
  EXPECT_EQ(text_at(*record, "/event/process/name"), "sh");
  EXPECT_EQ(text_at(*record, "/event/process/exe"), "/bin/busybox");
  EXPECT_EQ(text_at(*record, "/event/process/pid_in_container"), "1");
  EXPECT_EQ(text_at(*record, "/event/process/uid"), "0");
  EXPECT_EQ(text_at(*record, "/event/process/cmdline/0"), "sh");
  EXPECT_EQ(text_at(*record, "/event/process/cmdline/2"), script);
  mark_end(container, daemon);
  EXPECT_THAT(daemon.finding_ids(container->id), SizeIs(2));
}

TEST_F(Drops, SaysNothingOfTenThousandTextFiles) {
  ScopedContainer container(runtime(), idle);
  Daemon daemon(make_directory(), {runtime().socket()});
  container.execute("i=0; while [ $i -lt 10000 ]; do echo text $i > /tmp/$i; i=$((i+1)); done");
  mark_end(container, daemon);
  EXPECT_THAT(daemon.finding_ids(container->id), SizeIs(1)) << "the one for /tmp/end";
  EXPECT_TRUE(daemon.stop().is_success());
  const auto ledger = daemon.ledger();
  ASSERT_THAT(ledger, Not(IsEmpty())) << daemon.log();
  EXPECT_GE(ledger.at("received"), 10001U) << "otherwise it was not silent but blind";
  EXPECT_GE(ledger.at("not_executable"), 10000U);
  EXPECT_EQ(ledger.at("lost"), 0U);
}

TEST_F(Drops, ReportsAScript) {
  ScopedContainer container(runtime(), idle);
  Daemon daemon(make_directory(), {runtime().socket()});
  container.execute(R"(printf '#!/bin/sh -e\necho hello\n' > /root/script)");
  const auto record = daemon.wait_for_record(final_of(container->id, "/root/script"), 20s);
  ASSERT_TRUE(record) << daemon.log();
  SCOPED_TRACE(boost::json::serialize(*record));
  EXPECT_EQ(text_at(*record, "/event/file/kind"), "script");
  EXPECT_EQ(text_at(*record, "/event/file/mode"), "0644");
  EXPECT_EQ(text_at(*record, "/event/file/sha256/value"), sha256("#!/bin/sh -e\necho hello\n"));
  mark_end(container, daemon);
  EXPECT_THAT(daemon.finding_ids(container->id), SizeIs(2));
}

TEST_F(Drops, TellsWhatIsNewAndWhatWasChangedFromWhatIsTheImagesOwn) {
  ScopedContainer container(runtime(), idle);
  Daemon daemon(make_directory(), {runtime().socket()});
  container.execute("chmod 0700 /opt/*; chown 1:1 /opt/*; touch -a /opt/tool /opt/script; : >> /opt/script");
  container.execute(": >> /opt/tool");
  mark_end(container, daemon, "/tmp/compared");  // what is gone by then cannot be compared
  container.execute("cp /opt/tool /tmp/same; rm /opt/tool; cp /tmp/same /opt/tool");
  container.execute("echo true >> /opt/script; cp /opt/tool /tmp/x");
  const auto origin_of = [&](const std::string& path) {
    const auto record = daemon.wait_for_record(final_of(container->id, path), 20s);
    return record ? text_at(*record, "/event/file/origin") : "none";
  };
  EXPECT_EQ(origin_of("/opt/script"), "modified");
  EXPECT_EQ(origin_of("/tmp/x"), "new");
  mark_end(container, daemon);
  EXPECT_THAT(daemon.finding_ids(container->id), SizeIs(5)) << describe(daemon.records());
  daemon.stop();
  const auto ledger = daemon.ledger();
  ASSERT_TRUE(ledger.contains("unchanged")) << daemon.log();
  EXPECT_GE(ledger.at("unchanged"), 3U);
  EXPECT_EQ(ledger.at("balanced"), 1U);
}

// They share every lower layer, and the inode of what they copy.
TEST_F(Drops, TellsTwoContainersOfOneImageApart) {
  ScopedContainer first(runtime(), idle);
  Daemon daemon(make_directory(), {runtime().socket()});
  ScopedContainer second(runtime(), idle);
  first.execute("cp /bin/busybox /tmp/first");
  second.execute("cp /bin/busybox /tmp/second");
  mark_end(first, daemon);
  mark_end(second, daemon);
  EXPECT_TRUE(daemon.wait_for_record(drop_of(first->id, "/tmp/first"), 0s));
  EXPECT_TRUE(daemon.wait_for_record(drop_of(second->id, "/tmp/second"), 0s));
  EXPECT_THAT(daemon.finding_ids(first->id), SizeIs(2));
  EXPECT_THAT(daemon.finding_ids(second->id), SizeIs(2));
}

// They are in each answer about it and, with docker, in each event: longer than a line may be.
TEST_F(Drops, NamesContainersBesideOneWithAMebibyteOfLabels) {
  // containerd refuses more of one; a word of a command line has MAX_ARG_STRLEN, execve(2).
  const std::size_t size = runtime().name() == "containerd" ? 4000 : 120'000;
  std::map<std::string, std::string> labels;
  while (labels.size() * size <= std::size_t{1} << 20U)
    labels.emplace("label" + std::to_string(labels.size()), std::string(size, 'x'));
  Daemon daemon(make_directory(), {runtime().socket()});
  ScopedContainer labelled(runtime(), idle, {}, labels);
  ScopedContainer other(runtime(), idle);
  for (auto* container : {&labelled, &other}) {
    container->execute("cp /bin/busybox /tmp/x");
    const auto record = daemon.wait_for_record(final_of((*container)->id, "/tmp/x"), 20s);
    ASSERT_TRUE(record) << daemon.log();
    expect_container(*record, **container, runtime().name());
    EXPECT_LT(boost::json::serialize(*record).size(), std::size_t{64} << 10U);
  }
  EXPECT_THAT(daemon.log(), Not(HasSubstr("/events"))) << "its stream ended";
}

TEST_F(Drops, NamesTheContainerWhereNoRuntimeIsConfigured) {
  ScopedContainer container(runtime(), idle);
  Daemon daemon(make_directory(), {});
  container.execute("cp /bin/busybox /tmp/x");
  const auto record = daemon.wait_for_record(final_of(container->id, "/tmp/x"), 20s);
  ASSERT_TRUE(record) << daemon.log();
  SCOPED_TRACE(boost::json::serialize(*record));
  expect_busybox(*record, "/tmp/x");
  EXPECT_EQ(text_at(*record, "/event/container/runtime"), runtime().name()) << "by its cgroup";
  EXPECT_EQ(text_at(*record, "/event/container/metadata"), "none");
  mark_end(container, daemon);
  EXPECT_THAT(daemon.finding_ids(container->id), SizeIs(2)) << describe(daemon.records());
}

}  // namespace
}  // namespace dropwarden::test
