// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::classify {

bool has_script_magic(std::span<const std::byte> first) noexcept;

// What the kernel makes of the first line (execve(2), fs/binfmt_script.c); nothing where it answers ENOEXEC.
std::optional<model::ScriptFacts> read_script_facts(std::span<const std::byte> head);

}  // namespace dropwarden::classify
