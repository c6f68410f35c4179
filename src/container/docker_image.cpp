// SPDX-License-Identifier: Apache-2.0
#include "docker_image.hpp"

#include <boost/json/array.hpp>

#include "docker_document.hpp"

namespace dropwarden::container {
namespace {

constexpr std::size_t max_names = 64;
constexpr std::size_t max_name_bytes = 4096;

// `docker.io/library/nginx` of `docker.io/library/nginx:1.25@sha256:…`. A colon before a slash is a port.
std::string_view repository_of(std::string_view image) {
  image = image.substr(0, image.find('@'));
  const auto colon = image.rfind(':');
  const bool is_tag = colon != std::string_view::npos && image.find('/', colon) == std::string_view::npos;
  return is_tag ? image.substr(0, colon) : image;
}

}  // namespace

std::string to_image_id(std::string_view text) {
  if (is_digest(text)) return std::string(text);
  // podman before 4 leaves the algorithm out.
  std::string with_algorithm = "sha256:" + std::string(text.substr(0, 65));
  return is_digest(with_algorithm) ? with_algorithm : std::string{};
}

model::Image to_docker_image(std::string_view name) {
  model::Image image{.name = std::string(name.substr(0, max_name_bytes)), .digest = {}};
  if (const auto at = name.rfind('@'); at != std::string_view::npos && is_digest(name.substr(at + 1))) {
    image.digest = name.substr(at + 1);
  }
  return image;
}

std::expected<DockerImage, std::string> parse_docker_image(std::string_view text) {
  const DockerDocument document{text};
  if (!document.problem().empty()) return std::unexpected(document.problem());
  DockerImage image{.id = to_image_id(text_at(document.root(), {"Id"})), .tag = {}, .digests = {}};
  if (const auto* tags = array_at(document.root(), {"RepoTags"}); tags != nullptr && !tags->empty()) {
    image.tag = text_of(&tags->front()).substr(0, max_name_bytes);
  }
  if (const auto* digests = array_at(document.root(), {"RepoDigests"}); digests != nullptr) {
    for (const boost::json::value& value : *digests) {
      const std::string_view name = text_of(&value);
      std::string digest = to_docker_image(name).digest;
      if (digest.empty() || name.size() > max_name_bytes || image.digests.size() == max_names) continue;
      image.digests.emplace(repository_of(name), std::move(digest));
    }
  }
  return image;
}

void complete_image(model::Image& known, const DockerImage& image) {
  const bool has_only_id = known.name.empty() || !to_image_id(known.name).empty();
  if (has_only_id && !image.tag.empty()) known.name = image.tag;
  if (!known.digest.empty()) return;
  const auto same = image.digests.find(std::string(repository_of(known.name)));
  if (same != image.digests.end()) {
    known.digest = same->second;
  } else {
    known.digest = image.digests.empty() ? image.id : image.digests.begin()->second;
  }
}

}  // namespace dropwarden::container
