// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "dropwarden/attribute/sha256.hpp"

namespace dropwarden::attribute {

// A SHA-256 over a list of fields of which no two give the same bytes: each text goes in with its length.
// Numbers are little-endian on every machine: an id must not depend on where it was made.
class FieldDigest {
 public:
  FieldDigest& add(std::uint64_t number);
  FieldDigest& add(std::span<const std::byte> bytes);
  FieldDigest& add(std::string_view text) { return add(std::as_bytes(std::span(text))); }

  // 32 hexadecimal digits, the first half of it; nothing may be added afterwards.
  std::string half();

 private:
  Sha256 sha256_;
};

}  // namespace dropwarden::attribute
