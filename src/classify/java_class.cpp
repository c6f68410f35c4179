// SPDX-License-Identifier: Apache-2.0
#include "java_class.hpp"

#include "bytes.hpp"

namespace dropwarden::classify {

// The Java Virtual Machine Specification, 4.1. Universal Mach-O files share the magic, but none has 45 parts.
std::optional<model::JavaClassFacts> read_java_class_facts(std::span<const std::byte> first) noexcept {
  constexpr std::uint64_t magic = 0xcafebabe;
  constexpr std::uint64_t first_version = 45;
  const auto minor = read_number(first, 4, 2, false);
  const auto major = read_number(first, 6, 2, false);
  if (read_number(first, 0, 4, false) != magic || !major || !minor || *major < first_version)
    return std::nullopt;
  return model::JavaClassFacts{.major = static_cast<std::uint16_t>(*major),
                               .minor = static_cast<std::uint16_t>(*minor)};
}

}  // namespace dropwarden::classify
