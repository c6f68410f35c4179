// SPDX-License-Identifier: Apache-2.0
#include "docker_pod.hpp"

#include <string>
#include <vector>

#include "dropwarden/util/text.hpp"

#include "docker_document.hpp"
#include "labels.hpp"

namespace dropwarden::container {

std::optional<DockerPod> find_docker_pod(std::string_view name, const boost::json::value* labels) {
  if (labels == nullptr) return std::nullopt;
  // k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT, and a random number where that name was taken: no name in
  // Kubernetes has an underscore.
  const std::vector<std::string_view> parts = util::split(name, '_');
  const bool is_of_kubelet = (parts.size() == 6 || parts.size() == 7) && parts[0] == "k8s";
  if (!is_of_kubelet || parts[2].empty() || name.size() > max_label_bytes) return std::nullopt;
  const auto says = [&](std::string_view key, std::string_view part) {
    return text_at(*labels, {key}) == part;
  };
  if (!says("io.kubernetes.pod.name", parts[2]) || !says("io.kubernetes.pod.namespace", parts[3]) ||
      !says("io.kubernetes.pod.uid", parts[4]))
    return std::nullopt;
  // A container of a pod has a name without capitals.
  return DockerPod{.pod = {.name = std::string(parts[2]),
                           .name_space = std::string(parts[3]),
                           .uid = std::string(parts[4])},
                   .is_sandbox = parts[1] == "POD" && says("io.kubernetes.docker.type", "podsandbox")};
}

}  // namespace dropwarden::container
