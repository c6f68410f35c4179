// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/attribute/finding_id.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "sha256.hpp"

namespace dropwarden::attribute {
namespace {

// Little-endian on every machine: an id must not depend on where it was made.
void add_number(Sha256& sha256, std::uint64_t number) {
  std::array<std::byte, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(number >> (8 * i) & 0xffU);
  sha256.add(bytes);
}

// With its length, so that no two lists of fields give the same bytes.
void add_bytes(Sha256& sha256, std::span<const std::byte> bytes) {
  add_number(sha256, bytes.size());
  sha256.add(bytes);
}

void add_text(Sha256& sha256, std::string_view text) {
  add_bytes(sha256, std::as_bytes(std::span(text)));
}

}  // namespace

std::string finding_id(const model::Finding& finding, std::string_view file_system) {
  constexpr std::size_t digits = 32;
  constexpr std::size_t max_header = 32;  // sensors agree on no more
  Sha256 sha256;
  add_text(sha256, finding.event.container.id.value);
  add_text(sha256, file_system);
  add_number(sha256, finding.event.file.inode);
  add_number(sha256, static_cast<std::uint64_t>(finding.event.file.changed.time_since_epoch().count()));
  add_number(sha256, finding.event.file.size);
  const std::span header(finding.event.header);
  add_bytes(sha256, header.first(std::min(header.size(), max_header)));
  return sha256.digest().substr(0, digits);
}

}  // namespace dropwarden::attribute
