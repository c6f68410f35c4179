// SPDX-License-Identifier: Apache-2.0
#include "field_digest.hpp"

#include <array>

namespace dropwarden::attribute {

FieldDigest& FieldDigest::add(std::uint64_t number) {
  std::array<std::byte, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(number >> (8 * i) & 0xffU);
  sha256_.add(bytes);
  return *this;
}

FieldDigest& FieldDigest::add(std::span<const std::byte> bytes) {
  add(bytes.size());
  sha256_.add(bytes);
  return *this;
}

std::string FieldDigest::half() {
  constexpr std::size_t digits = 32;
  return sha256_.digest().substr(0, digits);
}

}  // namespace dropwarden::attribute
