// SPDX-License-Identifier: Apache-2.0
#include "cri_translate.hpp"

#include <algorithm>
#include <map>

#include "cri_limits.hpp"
#include "labels.hpp"

namespace dropwarden::container {
namespace {

using Entries = google::protobuf::RepeatedPtrField<proto::cri::Entry>;

std::string bounded(const std::string& text) {
  return text.substr(0, max_name_bytes);
}

// Empty when there is none.
std::string find(const Entries& entries, std::string_view key) {
  const auto found =
      std::ranges::find(entries, key, [](const auto& entry) -> std::string_view { return entry.key(); });
  return found == entries.end() ? std::string() : found->value();
}

std::map<std::string, std::string> bounded_labels(const Entries& labels) {
  std::map<std::string_view, std::string_view> sorted;
  for (const auto& label : labels) sorted.emplace(label.key(), label.value());
  return keep_labels(sorted).labels;
}

// The kubelet labels each container with its pod; another client of CRI may not.
std::optional<model::Pod> pod_of(const Entries& labels) {
  const auto value = [&](std::string_view key) { return bounded(find(labels, key)); };
  model::Pod pod{.name = value("io.kubernetes.pod.name"),
                 .name_space = value("io.kubernetes.pod.namespace"),
                 .uid = value("io.kubernetes.pod.uid")};
  if (pod.name.empty()) return std::nullopt;
  return pod;
}

model::Pod pod_of(const proto::cri::PodSandboxMetadata& metadata) {
  return {.name = bounded(metadata.name()),
          .name_space = bounded(metadata.namespace_()),
          .uid = bounded(metadata.uid())};
}

bool is_digest(std::string_view text) {
  return text.starts_with("sha256:") && text.size() == 7 + 64;
}

model::Image image_of(const proto::cri::ImageSpec& spec, const std::string& image_ref) {
  // The kubelet creates containers by the image's ID; what the user wrote stands elsewhere then, or nowhere.
  std::string name = spec.user_specified_image().empty() ? spec.image() : spec.user_specified_image();
  if (name.empty() || (is_digest(name) && !is_digest(image_ref))) name = image_ref;
  std::string digest = digest_of(image_ref);
  if (digest.empty()) digest = digest_of(spec.image());
  return {.name = bounded(name), .digest = std::move(digest)};
}

model::ContainerState to_state(proto::cri::ContainerState state) {
  switch (state) {
    case proto::cri::CONTAINER_CREATED:
      return model::ContainerState::created;
    case proto::cri::CONTAINER_RUNNING:
      return model::ContainerState::running;
    case proto::cri::CONTAINER_EXITED:
      return model::ContainerState::exited;
    default:
      return model::ContainerState::unknown;
  }
}

model::ContainerState to_state(proto::cri::PodSandboxState state) {
  return state == proto::cri::SANDBOX_READY ? model::ContainerState::running : model::ContainerState::exited;
}

util::WallTime to_time(std::int64_t nanoseconds) {
  return util::WallTime{std::chrono::nanoseconds(std::max<std::int64_t>(nanoseconds, 0))};
}

template <class Response>
CriInfo info_of(const Response& response) {
  return parse_cri_info(find(response.info(), "info")).value_or(CriInfo{});
}

model::Metadata metadata_of(model::ContainerState state) {
  return state == model::ContainerState::exited ? model::Metadata::complete : model::Metadata::pending;
}

model::Container sandbox_of(const auto& sandbox, model::Runtime runtime) {
  model::Container out;
  out.id.value = sandbox.id();
  out.name = bounded(sandbox.metadata().name());
  out.runtime = runtime;
  out.labels = bounded_labels(sandbox.labels());
  out.pod = pod_of(sandbox.metadata());
  out.state = to_state(sandbox.state());
  out.is_sandbox = true;
  out.started = to_time(sandbox.created_at());
  return out;
}

model::Container container_of(const auto& container, model::Runtime runtime) {
  model::Container out;
  out.id.value = container.id();
  out.name = bounded(container.metadata().name());
  out.runtime = runtime;
  out.image = image_of(container.image(), container.image_ref());
  out.labels = bounded_labels(container.labels());
  out.pod = pod_of(container.labels());
  out.state = to_state(container.state());
  return out;
}

}  // namespace

std::optional<CriContainer> from_list(const proto::cri::Container& listed, model::Runtime runtime) {
  if (!is_fit_id(listed.id())) return std::nullopt;
  CriContainer out{container_of(listed, runtime), listed.pod_sandbox_id()};
  out.container.metadata = metadata_of(out.container.state);
  return out;
}

std::optional<CriContainer> from_list(const proto::cri::PodSandbox& listed, model::Runtime runtime) {
  if (!is_fit_id(listed.id())) return std::nullopt;
  CriContainer out{sandbox_of(listed, runtime), {}};
  out.container.metadata = metadata_of(out.container.state);
  return out;
}

std::optional<CriContainer> from_status(const proto::cri::ContainerStatusResponse& response,
                                        model::Runtime runtime) {
  if (!is_fit_id(response.status().id())) return std::nullopt;
  const CriInfo info = info_of(response);
  CriContainer out{container_of(response.status(), runtime), info.sandbox_id};
  // The pid of a process that has gone may be another's by now.
  if (out.container.state != model::ContainerState::exited) out.container.init = info.pid;
  out.container.started = to_time(response.status().started_at());
  out.container.metadata = model::Metadata::complete;
  return out;
}

std::optional<CriContainer> from_status(const proto::cri::PodSandboxStatusResponse& response,
                                        model::Runtime runtime) {
  if (!is_fit_id(response.status().id())) return std::nullopt;
  const CriInfo info = info_of(response);
  CriContainer out{sandbox_of(response.status(), runtime), {}};
  // The pid of a process that has gone may be another's by now.
  if (out.container.state != model::ContainerState::exited) out.container.init = info.pid;
  out.container.image.name = bounded(info.image);
  out.container.metadata = model::Metadata::complete;
  return out;
}

model::Runtime to_runtime(std::string_view runtime_name) {
  if (runtime_name == "containerd") return model::Runtime::containerd;
  if (runtime_name == "cri-o") return model::Runtime::crio;
  if (runtime_name == "docker") return model::Runtime::docker;  // cri-dockerd
  return model::Runtime::unknown;
}

std::string digest_of(std::string_view image_ref) {
  const auto at = image_ref.rfind('@');
  const auto digest = at == std::string_view::npos ? image_ref : image_ref.substr(at + 1);
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (is_digest(digest) && std::ranges::all_of(digest.substr(7), is_hex)) return std::string(digest);
  if (digest.size() == 64 && std::ranges::all_of(digest, is_hex)) return "sha256:" + std::string(digest);
  return {};
}

}  // namespace dropwarden::container
