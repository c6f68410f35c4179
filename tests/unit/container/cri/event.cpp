// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "container/cri_event.hpp"
#include "containerd.pb.h"

namespace dropwarden::container {
namespace {

using namespace std::chrono_literals;

std::string envelope(const std::string& topic, const google::protobuf::MessageLite& event) {
  proto::containerd::Envelope out;
  out.set_topic(topic);
  out.set_namespace_("k8s.io");
  out.mutable_timestamp()->set_seconds(5);
  out.mutable_timestamp()->set_nanos(7);
  out.mutable_event()->set_value(event.SerializeAsString());
  return out.SerializeAsString();
}

proto::containerd::TaskCreate make_created() {
  proto::containerd::TaskCreate task;
  task.set_container_id("abc");
  task.set_pid(42);
  auto& mount = *task.add_rootfs();
  mount.set_type("overlay");
  for (const char* option : {"index=off", "workdir=/s/1/work", "upperdir=/s/1/fs", "lowerdir=/s/0/fs"}) {
    mount.add_options(option);
  }
  return task;
}

TEST(TaskEvent, OfACreatedTaskHasItsPidAndUpperdir) {
  const auto event = parse_task_event(envelope("/tasks/create", make_created()));
  EXPECT_EQ(event, (TaskEvent{.kind = TaskEvent::Kind::created,
                              .name_space = "k8s.io",
                              .id = {"abc"},
                              .pid = {42},
                              .upperdir = "/s/1/fs",
                              .time = util::WallTime{5s + 7ns}}));
}

TEST(TaskEvent, HasNoUpperdirThatIsRelativeOrNotOfAnOverlay) {
  auto task = make_created();
  task.mutable_rootfs(0)->set_type("bind");
  EXPECT_EQ(parse_task_event(envelope("/tasks/create", task))->upperdir, "");
  task.mutable_rootfs(0)->set_type("overlay");
  task.mutable_rootfs(0)->set_options(2, "upperdir=s/1/fs");
  EXPECT_EQ(parse_task_event(envelope("/tasks/create", task))->upperdir, "");
  task.clear_rootfs();
  EXPECT_EQ(parse_task_event(envelope("/tasks/create", task))->upperdir, "");
}

TEST(TaskEvent, OfAnExecIsPassedOver) {
  proto::containerd::TaskExit task;
  task.set_container_id("abc");
  task.set_id("exec-1");
  EXPECT_FALSE(parse_task_event(envelope("/tasks/exit", task)));
  EXPECT_FALSE(parse_task_event(envelope("/tasks/exec-started", task)));
  task.set_id("abc");
  EXPECT_EQ(parse_task_event(envelope("/tasks/exit", task))->kind, TaskEvent::Kind::exited);
}

TEST(TaskEvent, TellsStartAndDeletion) {
  proto::containerd::TaskStart start;
  start.set_container_id("abc");
  start.set_pid(43);
  const auto started = parse_task_event(envelope("/tasks/start", start));
  ASSERT_TRUE(started);
  EXPECT_EQ(started->kind, TaskEvent::Kind::started);
  EXPECT_EQ(started->pid.value, 43);
  proto::containerd::ContainerDelete removal;
  removal.set_id("abc");
  const auto deleted = parse_task_event(envelope("/containers/delete", removal));
  ASSERT_TRUE(deleted);
  EXPECT_EQ(deleted->kind, TaskEvent::Kind::deleted);
  EXPECT_EQ(deleted->id.value, "abc");
}

TEST(TaskEvent, IsNothingForWhatIsNotUnderstood) {
  EXPECT_FALSE(parse_task_event(""));
  EXPECT_FALSE(parse_task_event("\xff\xff\xff"));
  EXPECT_FALSE(parse_task_event(envelope("/images/create", make_created())));
  EXPECT_FALSE(parse_task_event(envelope("/tasks/create", proto::containerd::TaskCreate())));
  auto task = make_created();
  task.set_container_id(std::string(257, 'a'));
  EXPECT_FALSE(parse_task_event(envelope("/tasks/create", task)));
  proto::containerd::Envelope broken;
  broken.set_topic("/tasks/create");
  broken.mutable_event()->set_value("\x0a\xff");
  EXPECT_FALSE(parse_task_event(broken.SerializeAsString()));
}

TEST(TaskEvent, TakesNoImpossiblePidOrTime) {
  auto task = make_created();
  task.set_pid(0x80000000U);
  EXPECT_EQ(parse_task_event(envelope("/tasks/create", task))->pid.value, 0);
  proto::containerd::Envelope late;
  late.ParseFromString(envelope("/tasks/create", task));
  for (const std::int64_t seconds : {std::int64_t{-1}, std::numeric_limits<std::int64_t>::max()}) {
    late.mutable_timestamp()->set_seconds(seconds);
    EXPECT_EQ(parse_task_event(late.SerializeAsString())->time, util::WallTime{});
  }
}

TEST(TaskEventFilters, QuoteTheTopics) {
  EXPECT_EQ(task_event_filters().front(), R"(topic=="/tasks/create")");
}

}  // namespace
}  // namespace dropwarden::container
