// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::classify {

// Not of Java classes, which share the magic of universal files.
bool is_mach_o(std::span<const std::byte> first) noexcept;

// Of a head for which `is_mach_o` holds.
model::MachOFacts read_mach_o_facts(std::span<const std::byte> head);

}  // namespace dropwarden::classify
