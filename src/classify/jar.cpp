// SPDX-License-Identifier: Apache-2.0
#include "jar.hpp"

#include <string_view>

#include "bytes.hpp"

// APPNOTE.TXT of PKWARE, 4.3; the JAR File Specification. All numbers are little-endian.
namespace dropwarden::classify {
namespace {

using Bytes = std::span<const std::byte>;
using namespace std::string_view_literals;

constexpr std::string_view local_header = "PK\3\4"sv;
constexpr std::string_view central_header = "PK\1\2"sv;
constexpr std::string_view end_record = "PK\5\6"sv;

std::uint64_t number(Bytes bytes, std::uint64_t offset, std::size_t width) noexcept {
  return read_number(bytes, offset, width, true).value_or(0);
}

void add_name(model::JarFacts& facts, std::string_view name) noexcept {
  if (name == "META-INF/MANIFEST.MF") facts.has_manifest = true;
  if (name.ends_with(".class")) facts.has_classes = true;
}

// One after another, as long as their sizes are known and they lie in the head.
void read_local_headers(Bytes head, model::JarFacts& facts) noexcept {
  constexpr std::uint64_t header_size = 30;
  constexpr std::uint64_t size_comes_later = 1U << 3U;
  for (std::uint64_t at = 0; as_text(slice(head, at, 4)) == local_header;) {
    const Bytes header = slice(head, at, header_size);
    const std::uint64_t name_size = number(header, 26, 2);
    const Bytes name = slice(head, at + header_size, name_size);
    if (name.size() == name_size) add_name(facts, as_text(name));
    if ((number(header, 6, 2) & size_comes_later) != 0) return;
    at += header_size + name_size + number(header, 28, 2) + number(header, 18, 4);
  }
}

// From the first header in `bytes` on, which may begin in the middle of one.
void read_central_headers(Bytes bytes, model::JarFacts& facts) noexcept {
  constexpr std::uint64_t header_size = 46;
  const auto first = as_text(bytes).find(central_header);
  if (first == std::string_view::npos) return;
  for (std::uint64_t at = first; as_text(slice(bytes, at, 4)) == central_header;) {
    const Bytes header = slice(bytes, at, header_size);
    const std::uint64_t name_size = number(header, 28, 2);
    const Bytes name = slice(bytes, at + header_size, name_size);
    if (name.size() == name_size) add_name(facts, as_text(name));
    at += header_size + name_size + number(header, 30, 2) + number(header, 32, 2);
  }
}

bool is_jar(const model::JarFacts& facts) noexcept {
  return facts.has_manifest || facts.has_classes;
}

}  // namespace

bool has_zip_magic(Bytes first) noexcept {
  return as_text(first).starts_with(local_header);
}

std::optional<model::JarFacts> read_jar_facts(FileBytes& file) noexcept {
  model::JarFacts facts;
  read_local_headers(file.head(), facts);
  if (is_jar(facts)) return facts;
  const Bytes tail = file.tail(part_bytes).value_or(Bytes{});
  read_central_headers(tail, facts);
  if (is_jar(facts)) return facts;
  // The end record may be followed by a comment: the last one that is there counts.
  const auto end = as_text(tail).rfind(end_record);
  if (end == std::string_view::npos) return std::nullopt;
  const std::uint64_t offset = number(tail, end + 16, 4);
  read_central_headers(file.at(offset, part_bytes).value_or(Bytes{}), facts);
  if (is_jar(facts)) return facts;
  return std::nullopt;
}

}  // namespace dropwarden::classify
