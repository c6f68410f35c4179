// SPDX-License-Identifier: Apache-2.0
#include "cri_event.hpp"

#include "containerd.pb.h"
#include "cri_limits.hpp"

namespace dropwarden::container {
namespace {

constexpr std::string_view created_topic = "/tasks/create";
constexpr std::string_view started_topic = "/tasks/start";
constexpr std::string_view exited_topic = "/tasks/exit";
constexpr std::string_view deleted_topic = "/containers/delete";

std::string upperdir_of(const proto::containerd::TaskCreate& task) {
  constexpr std::string_view option = "upperdir=/";
  for (const auto& mount : task.rootfs()) {
    if (mount.type() != "overlay") continue;
    for (const auto& text : mount.options()) {
      const bool is_kept = text.starts_with(option) && text.size() <= max_path_bytes;
      if (is_kept) return text.substr(option.size() - 1);
    }
  }
  return {};
}

bool fill(TaskEvent& event, std::string_view topic, const std::string& bytes) {
  if (topic == created_topic) {
    proto::containerd::TaskCreate task;
    if (!task.ParseFromString(bytes)) return false;
    event.kind = TaskEvent::Kind::created;
    event.id.value = task.container_id();
    event.pid = to_pid(task.pid());
    event.upperdir = upperdir_of(task);
    return true;
  }
  if (topic == started_topic) {
    proto::containerd::TaskStart task;
    if (!task.ParseFromString(bytes)) return false;
    event.kind = TaskEvent::Kind::started;
    event.id.value = task.container_id();
    event.pid = to_pid(task.pid());
    return true;
  }
  if (topic == exited_topic) {
    proto::containerd::TaskExit task;
    if (!task.ParseFromString(bytes)) return false;
    event.kind = TaskEvent::Kind::exited;
    event.id.value = task.container_id();
    return task.id() == task.container_id();
  }
  if (topic == deleted_topic) {
    proto::containerd::ContainerDelete container;
    if (!container.ParseFromString(bytes)) return false;
    event.kind = TaskEvent::Kind::deleted;
    event.id.value = container.id();
    return true;
  }
  return false;
}

util::WallTime to_time(const proto::containerd::Timestamp& time) {
  // What nanoseconds in 64 bits can hold, years 1970 to 2262.
  constexpr std::int64_t latest = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;
  if (time.seconds() < 0 || time.seconds() > latest || time.nanos() < 0 || time.nanos() > 999'999'999)
    return {};
  return util::WallTime{std::chrono::seconds(time.seconds()) + std::chrono::nanoseconds(time.nanos())};
}

}  // namespace

std::vector<std::string> task_event_filters() {
  std::vector<std::string> filters;
  for (const auto topic : {created_topic, started_topic, exited_topic, deleted_topic}) {
    filters.push_back("topic==\"" + std::string(topic) + "\"");
  }
  return filters;
}

std::optional<TaskEvent> parse_task_event(std::string_view envelope) {
  proto::containerd::Envelope parsed;
  if (!parsed.ParseFromArray(envelope.data(), static_cast<int>(envelope.size()))) return std::nullopt;
  TaskEvent event;
  if (!fill(event, parsed.topic(), parsed.event().value())) return std::nullopt;
  if (!is_fit_id(event.id.value) || parsed.namespace_().size() > max_name_bytes) return std::nullopt;
  event.name_space = parsed.namespace_();
  event.time = to_time(parsed.timestamp());
  return event;
}

}  // namespace dropwarden::container
