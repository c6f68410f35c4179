// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dropwarden/model/mount.hpp"

namespace dropwarden::mount {

// A mount by the number that no other mount gets as long as the machine runs; that of mountinfo, in
// `mount.id`, is the next mount's at once.
struct NumberedMount {
  std::uint64_t number = 0;
  std::uint64_t parent = 0;
  model::Mount mount;

  friend bool operator==(const NumberedMount&, const NumberedMount&) = default;
};

// What statmount(2) has told of a mount (sys::read_mount), as its line of mountinfo would be parsed. Nothing
// when the answer is malformed, or lacks what every mount has. An older kernel leaves out options, source or
// subtype, which may be empty as well: whoever relies on those has to compare. Pure.
std::optional<NumberedMount> decode_statmount(std::string_view answer);

}  // namespace dropwarden::mount
