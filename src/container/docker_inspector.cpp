// SPDX-License-Identifier: Apache-2.0
#include "docker_inspector.hpp"

namespace dropwarden::container {
namespace {

constexpr std::size_t max_jobs = 4;
constexpr std::size_t max_images = 1024;

}  // namespace

DockerInspector::DockerInspector(DockerApi& api, model::Runtime runtime, OnResult on_result)
    : api_(api), runtime_(runtime), on_result_(std::move(on_result)) {}

bool DockerInspector::want(const model::ContainerId& id) {
  if (const auto job = jobs_.find(id.value); job != jobs_.end()) {
    job->second.is_wanted_again = true;
    return true;
  }
  if (is_waiting_.contains(id.value)) return true;
  if (waiting_.size() >= docker_max_containers) return false;
  is_waiting_.insert(id.value);
  waiting_.push_back(id.value);
  pump();
  return true;
}

void DockerInspector::forget(const model::ContainerId& id) {
  is_waiting_.erase(id.value);  // its place in `waiting_` is passed over
  if (jobs_.erase(id.value) != 0) pump();
}

void DockerInspector::stop() {
  waiting_.clear();
  is_waiting_.clear();
  jobs_.clear();
}

void DockerInspector::pump() {
  while (jobs_.size() < max_jobs && !waiting_.empty()) {
    const std::string id = std::move(waiting_.front());
    waiting_.pop_front();
    if (is_waiting_.erase(id) == 0) continue;
    jobs_[id].exchange = api_.get("/containers/" + id + "/json",
                                  [this, id](auto answer) { on_container(id, std::move(answer)); });
  }
}

void DockerInspector::on_container(const std::string& id,
                                   std::expected<net::HttpResponse, DockerFailure> answer) {
  if (!answer) return finish(id, std::unexpected(std::move(answer.error())));
  auto parsed = parse_docker_container(answer->body, runtime_);
  const bool is_another = parsed && parsed->container.id.value != id;
  if (!parsed || is_another) {
    const std::string why = is_another ? "the answer is about another container" : parsed.error();
    return finish(id, std::unexpected(DockerFailure{.text = "GET /containers/" + id + ": " + why}));
  }
  const std::string image_id = parsed->image_id;
  const auto image = images_.find(image_id);
  if (image != images_.end() || image_id.empty()) {
    complete_image(parsed->container.image, image_id.empty() ? DockerImage{} : image->second);
    return finish(id, std::move(*parsed));
  }
  Job& job = jobs_.at(id);
  job.container = std::move(*parsed);
  job.exchange =
      api_.get("/images/" + image_id + "/json", [this, id](const auto& found) { on_image(id, found); });
}

void DockerInspector::on_image(const std::string& id,
                               const std::expected<net::HttpResponse, DockerFailure>& answer) {
  DockerContainer container = std::move(jobs_.at(id).container);
  // Without an answer the image ID stands in: an image may be removed while its containers run.
  DockerImage image{.id = container.image_id, .tag = {}, .digests = {}};
  if (answer) {
    if (auto parsed = parse_docker_image(answer->body)) image = std::move(*parsed);
    image.id = container.image_id;
    if (images_.size() >= max_images) images_.clear();
    images_.insert_or_assign(container.image_id, image);
  }
  complete_image(container.container.image, image);
  finish(id, std::move(container));
}

void DockerInspector::finish(const std::string& id, std::expected<DockerContainer, DockerFailure> result) {
  const auto job = jobs_.find(id);
  const bool is_wanted_again = job->second.is_wanted_again;
  jobs_.erase(job);
  // The answer may be from before the news, but is no worse than what was known.
  const model::ContainerId container_id{id};
  if (is_wanted_again) want(container_id);
  pump();
  on_result_(container_id, std::move(result));
}

}  // namespace dropwarden::container
