// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include <boost/json/value.hpp>

#include "dropwarden/model/container.hpp"

// What a container of the Docker API is to Kubernetes. Pure.
namespace dropwarden::container {

struct DockerPod {
  model::Pod pod;
  bool is_sandbox = false;
};

// The pod of a container that the kubelet made by way of dockershim or cri-dockerd: by its name, without the
// slash in front, and by its labels where they say the same. Labels alone prove nothing: the daemon gives a
// container all labels of its image, whose maker may write there what the kubelet would. The name is chosen
// by whoever has the container made. Nothing for any other container.
std::optional<DockerPod> find_docker_pod(std::string_view name, const boost::json::value* labels);

}  // namespace dropwarden::container
