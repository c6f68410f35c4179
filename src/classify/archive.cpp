// SPDX-License-Identifier: Apache-2.0
#include "archive.hpp"

#include <ar.h>
#include <string_view>

#include "bytes.hpp"

namespace dropwarden::classify {
namespace {

constexpr std::string_view magic{ARMAG, SARMAG};
// ar(1), "thin archives": binutils' own.
constexpr std::string_view thin_magic = "!<thin>\n";

}  // namespace

bool is_archive(std::span<const std::byte> first) noexcept {
  return as_text(first).starts_with(magic) || as_text(first).starts_with(thin_magic);
}

model::ArchiveFacts read_archive_facts(std::span<const std::byte> head) {
  const std::string_view padded = as_text(slice(head, SARMAG, sizeof(ar_hdr::ar_name)));
  std::string_view name = padded.substr(0, padded.find_last_not_of(' ') + 1);
  // System V ends a name with a slash; names that begin with one mean something.
  if (name.ends_with('/') && !name.starts_with('/')) name.remove_suffix(1);
  return {.is_thin = as_text(head).starts_with(thin_magic), .first_member = std::string(name)};
}

}  // namespace dropwarden::classify
