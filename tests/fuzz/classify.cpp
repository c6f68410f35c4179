// SPDX-License-Identifier: Apache-2.0
// A file of a container, in every format.
#include "dropwarden/classify/classify.hpp"

#include <algorithm>
#include <cstring>

#include "dropwarden/classify/registration.hpp"

#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  const auto file = fuzz::bytes_of(data, size);
  classify::looks_executable(file.first(std::min(size, classify::first_bytes)));
  classify::looks_like_text(file.first(std::min(size, classify::first_bytes)));
  classify::runs_as_text(file.first(std::min(size, classify::first_bytes)));
  const auto read_at = [file](std::uint64_t offset, std::span<std::byte> into) -> std::size_t {
    if (offset >= file.size()) return 0;
    const auto rest = file.subspan(offset);
    const std::size_t got = std::min(rest.size(), into.size());
    std::memcpy(into.data(), rest.data(), got);
    return got;
  };
  const auto head = file.first(std::min(size, classify::head_bytes));
  for (const bool is_executable : {false, true})
    classify::classify_file({.size = size, .is_executable = is_executable, .name = "a.jar"}, head, read_at);
  // A file whose end has gone since its size was read.
  classify::classify_file({.size = size * 2 + 1}, head, read_at);
  const auto text = fuzz::text_of(data, size);
  if (const auto rule = classify::parse_registration("name", text))
    classify::matches(*rule, head.first(std::min(head.size(), classify::first_bytes)), "a.jar");
  return 0;
}
