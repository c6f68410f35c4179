// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::container {

// What happened to a container, as containerd's event stream tells it.
struct TaskEvent {
  enum class Kind { created, started, exited, deleted };

  Kind kind = Kind::created;
  std::string
      name_space;  // containerd's: `k8s.io` is CRI's own, `default` that of ctr, `moby` that of docker
  model::ContainerId id;
  model::Pid pid = {};        // created, started
  std::string upperdir = {};  // created; absolute, empty when the root is no overlay or read-only
  util::WallTime time{};

  friend bool operator==(const TaskEvent&, const TaskEvent&) = default;
};

// For Subscribe: containerd sends what matches any of these (its filter syntax).
std::vector<std::string> task_event_filters();

// One message of Subscribe. Nothing for what is not about a container as a whole (a process run by exec tells
// its exit on the same topic), is not understood, or has an id that is not fit to be one. Pure.
std::optional<TaskEvent> parse_task_event(std::string_view envelope);

}  // namespace dropwarden::container
