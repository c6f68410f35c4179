// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::classify {

bool is_archive(std::span<const std::byte> first) noexcept;

// Of a head for which `is_archive` holds.
model::ArchiveFacts read_archive_facts(std::span<const std::byte> head);

}  // namespace dropwarden::classify
