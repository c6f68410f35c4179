// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::classify {

// Nothing when it is no WebAssembly. Pure, no allocation.
std::optional<model::WasmFacts> read_wasm_facts(std::span<const std::byte> first) noexcept;

}  // namespace dropwarden::classify
