// SPDX-License-Identifier: Apache-2.0
#include "wasm.hpp"

#include <string_view>

#include "bytes.hpp"

namespace dropwarden::classify {

// WebAssembly Core Specification 5.5.16; the component model's Binary.md: its version has a layer of 1 in the
// upper half.
std::optional<model::WasmFacts> read_wasm_facts(std::span<const std::byte> first) noexcept {
  constexpr std::string_view magic{"\0asm", 4};
  const auto version = read_number(first, 4, 2, true);
  const auto layer = read_number(first, 6, 2, true);
  if (!as_text(first).starts_with(magic) || !version || !layer || *layer > 1 || *version == 0)
    return std::nullopt;
  return model::WasmFacts{.is_component = *layer == 1};
}

}  // namespace dropwarden::classify
