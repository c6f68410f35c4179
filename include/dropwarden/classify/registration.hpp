// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::classify {

// One entry of binfmt_misc: by which first bytes, or by which extension of the name, the kernel hands a file
// to an interpreter (Documentation/admin-guide/binfmt-misc.rst).
struct RegistrationRule {
  model::Registration registration;
  std::size_t offset = 0;
  std::string magic;      // empty for an entry that goes by the extension
  std::string mask;       // as long as `magic`, or empty: all bits count
  std::string extension;  // without its dot

  friend bool operator==(const RegistrationRule&, const RegistrationRule&) = default;
};

// The rule of the entry `name`, whose file in binfmt_misc holds `text`. Nothing when it is switched off, or
// not of the form that the kernel writes. Pure.
std::optional<RegistrationRule> parse_registration(std::string_view name, std::string_view text);

// Whether `rule` takes a file that begins with `first` (256 bytes, or all of a shorter file) and whose last
// name is `file_name`. Pure, no allocation: runs for every event.
bool matches(const RegistrationRule& rule, std::span<const std::byte> first,
             std::string_view file_name) noexcept;

// The first of `rules` that takes the file, or null. The kernel tries the newest first: so should the order
// be.
const RegistrationRule* find_registration(std::span<const RegistrationRule> rules,
                                          std::span<const std::byte> first,
                                          std::string_view file_name) noexcept;

// Whether a name is needed to tell.
bool has_extension_rule(std::span<const RegistrationRule> rules) noexcept;

}  // namespace dropwarden::classify
