// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::classify {

bool is_python_bytecode(std::span<const std::byte> first) noexcept;

// Of a head for which `is_python_bytecode` holds.
model::PythonFacts read_python_facts(std::span<const std::byte> head);

}  // namespace dropwarden::classify
