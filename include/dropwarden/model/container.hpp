// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::model {

enum class Runtime { unknown, containerd, crio, docker, podman, garden, lxc, nspawn };

// `containerd`, `cri-o`, …, as findings print it; `unknown` for unknown.
const char* name_of(Runtime runtime);

struct Image {
  std::string name;    // as the user asked for it, `docker.io/library/nginx:1.25`
  std::string digest;  // `sha256:…`: of the repository where known, else the image ID

  friend bool operator==(const Image&, const Image&) = default;
};

struct Pod {
  std::string name;
  std::string name_space;
  std::string uid;

  friend bool operator==(const Pod&, const Pod&) = default;
};

enum class Metadata {
  complete,  // a runtime has told all that it tells
  pending,   // a runtime that is expected to know it has not answered yet
  none,      // no runtime knows it; what stands here comes from the mount table, /proc and cgroups
};
const char* name_of(Metadata metadata);

enum class ContainerState { created, running, exited, unknown };
const char* name_of(ContainerState state);

// One container as known now. All text comes from the runtime or the cgroup path: untrusted, bounded by its
// source.
struct Container {
  ContainerId id;
  std::string name;
  Runtime runtime = Runtime::unknown;
  Image image;
  std::map<std::string, std::string> labels;
  std::optional<Pod> pod;
  ContainerState state = ContainerState::unknown;
  Pid init;                              // first process, 0 while there is none
  bool is_sandbox = false;               // the pause container of a pod
  std::string upperdir;                  // host path where the runtime tells it, else empty
  std::vector<std::string> lowerdirs{};  // likewise, uppermost first
  util::WallTime started{};              // epoch while unknown
  Metadata metadata = Metadata::none;

  friend bool operator==(const Container&, const Container&) = default;
};

}  // namespace dropwarden::model
