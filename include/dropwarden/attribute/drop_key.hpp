// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "dropwarden/model/finding.hpp"

namespace dropwarden::attribute {

// By what a drop is known again when its ctime, and with it the id that is made of it, has moved: the same
// content in the same inode. The first half of a SHA-256 each, so that a container cannot make two files that
// have the same.
using Digest = std::array<std::byte, 16>;

// Of container, `file_system` (as finding_id takes it) and inode. Pure.
Digest place_digest(const model::Finding& finding, std::string_view file_system);

// Of size and SHA-256, be it that of bytes whose file changed its ctime meanwhile (`model::Hash::read`). A
// file that is too large to be hashed is taken by size, mtime and first bytes instead, which whoever writes
// the file can keep as they were. Nothing when the hash is unknown for another reason. Pure.
std::optional<Digest> content_digest(const model::Finding& finding);

// The id of a finding as bytes; zeros when it is none.
Digest parse_id(std::string_view id);

}  // namespace dropwarden::attribute
