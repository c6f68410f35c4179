// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>

#include "dropwarden/model/container.hpp"

// What the Docker Engine API says of images. Pure.
namespace dropwarden::container {

struct DockerImage {
  std::string id;   // `sha256:…`, empty when unknown
  std::string tag;  // `localhost/busybox:rig`, the first; empty when it has none
  std::map<std::string, std::string>
      digests;  // repository -> `sha256:…`; empty for an image made on this machine
};

// Answer of GET /images/ID/json. Never refuses more than malformed JSON.
std::expected<DockerImage, std::string> parse_docker_image(std::string_view json);

// An image as a container names it; the digest is set where the name holds one.
model::Image to_docker_image(std::string_view name);

// With `sha256:`, or empty when `text` is no ID of an image.
std::string to_image_id(std::string_view text);

// Fills in what `image` knows: the digest of the repository that the container's image was asked from, else
// of any, else the image ID; a name, where the container has only an ID for its image (cri-dockerd).
void complete_image(model::Image& known, const DockerImage& image);

}  // namespace dropwarden::container
