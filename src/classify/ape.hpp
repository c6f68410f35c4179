// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::classify {

bool is_ape(std::span<const std::byte> first) noexcept;

// Of a head for which `is_ape` holds.
model::ApeFacts read_ape_facts(std::span<const std::byte> head) noexcept;

}  // namespace dropwarden::classify
