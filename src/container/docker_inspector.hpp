// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "docker_api.hpp"
#include "docker_image.hpp"
#include "docker_json.hpp"

namespace dropwarden::container {

// Asks the runtime about containers by ID, a few at a time, and about their images, once each. Loop's thread
// only.
class DockerInspector {
 public:
  using OnResult =
      std::function<void(const model::ContainerId&, std::expected<DockerContainer, DockerFailure>)>;

  // `on_result` is called once for each answer, and may call back into the inspector.
  DockerInspector(DockerApi& api, model::Runtime runtime, OnResult on_result);

  // Asks for `id`, again when it is being asked about: what is under way may be older than what the caller
  // has heard. False when too many are waiting.
  bool want(const model::ContainerId& id);

  // Drops what is waiting or under way for `id`: no result comes. An answer that was made before the
  // container's end must not bring it back.
  void forget(const model::ContainerId& id);

  // Drops everything; on_result is not called afterwards.
  void stop();

 private:
  struct Job {
    std::unique_ptr<net::HttpExchange> exchange;
    DockerContainer container;  // once inspected, while its image is asked for
    bool is_wanted_again = false;
  };

  void pump();
  void on_container(const std::string& id, std::expected<net::HttpResponse, DockerFailure> answer);
  void on_image(const std::string& id, const std::expected<net::HttpResponse, DockerFailure>& answer);
  void finish(const std::string& id, std::expected<DockerContainer, DockerFailure> result);

  DockerApi& api_;
  model::Runtime runtime_;
  OnResult on_result_;
  std::deque<std::string> waiting_;
  std::unordered_set<std::string> is_waiting_;
  std::map<std::string, Job> jobs_;  // under way
  std::unordered_map<std::string, DockerImage> images_;
};

}  // namespace dropwarden::container
