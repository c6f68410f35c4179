// SPDX-License-Identifier: Apache-2.0
// The JSON of a Docker socket, behind which anything may listen.
#include "container/docker_image.hpp"
#include "container/docker_json.hpp"
#include "input.hpp"
#include "net/line_splitter.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  const auto text = fuzz::text_of(data, size);
  [[maybe_unused]] const auto list = container::parse_docker_list(text, model::Runtime::docker);
  [[maybe_unused]] const auto one = container::parse_docker_container(text, model::Runtime::podman);
  if (const auto image = container::parse_docker_image(text)) {
    model::Image known;
    container::complete_image(known, *image);
  }
  net::LineSplitter lines(4096, 4096);
  if (lines.feed(text)) {
    for (const auto& line : lines.take()) container::parse_docker_event(line.value_or(""));
  }
  return 0;
}
