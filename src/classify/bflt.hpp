// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::classify {

// Nothing when it is no binary flat file. Pure, no allocation.
std::optional<model::BfltFacts> read_bflt_facts(std::span<const std::byte> first) noexcept;

}  // namespace dropwarden::classify
