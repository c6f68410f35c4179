// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/model/container.hpp"

// The Docker Engine API's JSON (docs.docker.com/reference/api/engine, versions 1.24 to 1.45, and podman's
// compatible one) as values. Pure. A field that is missing or of another type is as if it were not there;
// only an answer without a container ID is refused.
namespace dropwarden::container {

inline constexpr std::size_t docker_max_containers = 10000;  // of one socket

struct DockerContainer {
  model::Container container;  // image.digest is empty, unless the image's name holds it
  std::string image_id;        // `sha256:…`, empty when unknown
  std::size_t labels_cut = 0;  // KeptLabels::cut
};

struct DockerList {
  std::vector<DockerContainer> containers;  // without pid, start time and upperdir; metadata pending
  std::size_t left_out = 0;                 // entries beyond docker_max_containers, or without an ID
};

struct DockerEvent {
  bool is_gone = false;   // removed; else something about the container is new
  bool has_died = false;  // its process has ended
  model::ContainerId id;
};

// Answer of GET /containers/json.
std::expected<DockerList, std::string> parse_docker_list(std::string_view json, model::Runtime runtime);

// Answer of GET /containers/ID/json.
std::expected<DockerContainer, std::string> parse_docker_container(std::string_view json,
                                                                   model::Runtime runtime);

// One line of GET /events. Nothing when it is of no concern (exec_create, health_status, …) or malformed.
std::optional<DockerEvent> parse_docker_event(std::string_view line);

}  // namespace dropwarden::container
