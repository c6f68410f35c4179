// SPDX-License-Identifier: Apache-2.0
#include "docker_json.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "dropwarden/util/text.hpp"
#include "dropwarden/util/time.hpp"

#include "docker_document.hpp"
#include "docker_image.hpp"
#include "docker_pod.hpp"
#include "labels.hpp"

namespace dropwarden::container {
namespace {

namespace json = boost::json;

constexpr std::size_t max_name_bytes = 4096;
constexpr std::size_t max_path_bytes = 4096;                       // PATH_MAX
constexpr std::size_t max_layers_bytes = std::size_t{128} * 4096;  // docker has 127 layers at most
constexpr std::int64_t max_pid = 1 << 22;                          // PID_MAX_LIMIT, proc(5)

std::string to_name(std::string_view text) {
  if (text.starts_with('/')) text.remove_prefix(1);
  return std::string(text.substr(0, max_name_bytes));
}

// The states of both runtimes. `restarting` has no process: it waits for its next start.
model::ContainerState to_state(std::string_view text) {
  constexpr std::array created{"created", "configured", "initialized"};
  constexpr std::array running{"running", "paused", "stopping"};
  constexpr std::array exited{"exited", "dead", "removing", "restarting", "stopped"};
  if (std::ranges::find(created, text) != created.end()) return model::ContainerState::created;
  if (std::ranges::find(running, text) != running.end()) return model::ContainerState::running;
  if (std::ranges::find(exited, text) != exited.end()) return model::ContainerState::exited;
  return model::ContainerState::unknown;
}

model::Pid to_pid(const json::value* value) {
  const std::int64_t* number = value == nullptr ? nullptr : value->if_int64();
  if (number == nullptr || *number < 1 || *number > max_pid) return {};
  return {static_cast<std::int32_t>(*number)};
}

void take_labels(const json::value* labels, DockerContainer& into) {
  const json::object* object = labels == nullptr ? nullptr : labels->if_object();
  if (object == nullptr) return;
  std::map<std::string_view, std::string_view> sorted;
  for (const auto& label : *object)
    sorted.emplace(std::string_view{label.key().data(), label.key().size()}, text_of(&label.value()));
  KeptLabels kept = keep_labels(sorted);
  into.container.labels = std::move(kept.labels);
  into.labels_cut = kept.cut;
}

// By all labels, so that no number of others can hide those of the kubelet; once runtime and name are known.
// The kubelet makes no containers by podman, which tells of its own pods elsewhere.
void take_pod(const json::value* labels, model::Container& into) {
  if (into.runtime == model::Runtime::podman) return;
  auto found = find_docker_pod(into.name, labels);
  if (!found) return;
  into.pod = std::move(found->pod);
  into.is_sandbox = found->is_sandbox;
}

void take_all_labels(const json::value* labels, DockerContainer& into) {
  take_labels(labels, into);
  take_pod(labels, into.container);
}

// `A:B`, each absolute; none where one of them is not, since an image is only all of its layers.
std::vector<std::string> to_layers(std::string_view text) {
  std::vector<std::string> layers;
  if (text.empty() || text.size() > max_layers_bytes) return layers;
  for (const std::string_view layer : util::split(text, ':')) {
    if (!layer.starts_with('/') || layer.size() >= max_path_bytes) return {};
    layers.emplace_back(layer);
  }
  return layers;
}

void take_list_entry(const json::value& entry, model::Runtime runtime, DockerList& into) {
  DockerContainer found;
  model::Container& container = found.container;
  container.id = to_container_id(text_at(entry, {"Id"}));
  if (container.id.value.empty() || into.containers.size() == docker_max_containers) {
    ++into.left_out;
    return;
  }
  container.runtime = runtime;
  container.metadata = model::Metadata::pending;
  container.state = to_state(text_at(entry, {"State"}));
  container.image = to_docker_image(text_at(entry, {"Image"}));
  found.image_id = to_image_id(text_at(entry, {"ImageID"}));
  const json::array* names = array_at(entry, {"Names"});
  if (names != nullptr && !names->empty()) container.name = to_name(text_of(&names->front()));
  take_all_labels(find(entry, {"Labels"}), found);
  into.containers.push_back(std::move(found));
}

}  // namespace

std::expected<DockerList, std::string> parse_docker_list(std::string_view text, model::Runtime runtime) {
  const DockerDocument document{text};
  if (!document.problem().empty()) return std::unexpected(document.problem());
  const json::array* entries = array_at(document.root(), {});
  if (entries == nullptr) return std::unexpected("the list of containers is no array");
  DockerList list;
  for (const json::value& entry : *entries) take_list_entry(entry, runtime, list);
  return list;
}

std::expected<DockerContainer, std::string> parse_docker_container(std::string_view text,
                                                                   model::Runtime runtime) {
  const DockerDocument document{text};
  if (!document.problem().empty()) return std::unexpected(document.problem());
  const json::value& root = document.root();
  DockerContainer found;
  model::Container& container = found.container;
  container.id = to_container_id(text_at(root, {"Id"}));
  if (container.id.value.empty()) return std::unexpected("the container has no valid Id");
  container.runtime = runtime;
  container.metadata = model::Metadata::complete;
  container.name = to_name(text_at(root, {"Name"}));
  container.state = to_state(text_at(root, {"State", "Status"}));
  // The pid of a process that has ended may be another's by now.
  if (container.state != model::ContainerState::exited) container.init = to_pid(find(root, {"State", "Pid"}));
  container.started = util::parse_rfc3339(text_at(root, {"State", "StartedAt"})).value_or(util::WallTime{});
  container.image = to_docker_image(text_at(root, {"Config", "Image"}));
  found.image_id = to_image_id(text_at(root, {"Image"}));
  // Absent with docker's containerd image store (`"Data":null`), so nothing may lean on it.
  const std::string_view upperdir = text_at(root, {"GraphDriver", "Data", "UpperDir"});
  if (upperdir.starts_with('/') && upperdir.size() < max_path_bytes) container.upperdir = upperdir;
  container.lowerdirs = to_layers(text_at(root, {"GraphDriver", "Data", "LowerDir"}));
  take_all_labels(find(root, {"Config", "Labels"}), found);
  return found;
}

std::optional<DockerEvent> parse_docker_event(std::string_view line) {
  const DockerDocument document{line};
  const json::value& root = document.root();
  if (text_at(root, {"Type"}) != "container") return std::nullopt;
  const std::string_view action = text_at(root, {"Action"});
  // `destroy` is docker's word, `remove` and `died` are podman's.
  constexpr std::array gone{"destroy", "remove"};
  constexpr std::array news{"create", "init", "start", "restart", "die", "died", "rename"};
  const bool is_gone = std::ranges::find(gone, action) != gone.end();
  if (!is_gone && std::ranges::find(news, action) == news.end()) return std::nullopt;
  const bool has_died = action == "die" || action == "died";
  DockerEvent event{
      .is_gone = is_gone, .has_died = has_died, .id = to_container_id(text_at(root, {"Actor", "ID"}))};
  if (event.id.value.empty()) return std::nullopt;
  return event;
}

}  // namespace dropwarden::container
