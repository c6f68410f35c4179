// SPDX-License-Identifier: Apache-2.0
#include "python_bytecode.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "bytes.hpp"

namespace dropwarden::classify {
namespace {

struct Version {
  std::uint16_t first;  // of its magic numbers
  std::uint16_t last;
  std::string_view name;
};

// Lib/importlib/_bootstrap_external.py of CPython up to 3.13, Include/internal/pycore_magic_number.h since.
// Later versions take the next numbers up to 3999; from 4000 on is nothing yet.
constexpr std::array versions{
    Version{20121, 20121, "1.5"}, Version{50428, 50428, "1.6"}, Version{50823, 50823, "2.0"},
    Version{60202, 60202, "2.1"}, Version{60717, 60717, "2.2"}, Version{62011, 62021, "2.3"},
    Version{62041, 62061, "2.4"}, Version{62071, 62131, "2.5"}, Version{62151, 62161, "2.6"},
    Version{62171, 62218, "2.7"}, Version{3000, 3131, "3.0"},   Version{3140, 3151, "3.1"},
    Version{3160, 3180, "3.2"},   Version{3190, 3230, "3.3"},   Version{3250, 3310, "3.4"},
    Version{3320, 3351, "3.5"},   Version{3360, 3379, "3.6"},   Version{3390, 3399, "3.7"},
    Version{3400, 3419, "3.8"},   Version{3420, 3429, "3.9"},   Version{3430, 3449, "3.10"},
    Version{3450, 3499, "3.11"},  Version{3500, 3549, "3.12"},  Version{3550, 3599, "3.13"},
    Version{3600, 3649, "3.14"},  Version{3650, 3699, "3.15"},  Version{3700, 3999, ""},
};

const Version* find_version(std::span<const std::byte> first) noexcept {
  const auto magic = read_number(first, 0, 2, true);
  // The line end shows a copy that took the file for text.
  if (!magic || as_text(slice(first, 2, 2)) != "\r\n") return nullptr;
  const auto* const found = std::find_if(versions.begin(), versions.end(), [&](const Version& version) {
    return *magic >= version.first && *magic <= version.last;
  });
  return found == versions.end() ? nullptr : found;
}

}  // namespace

bool is_python_bytecode(std::span<const std::byte> first) noexcept {
  return find_version(first) != nullptr;
}

model::PythonFacts read_python_facts(std::span<const std::byte> head) {
  const Version* version = find_version(head);
  return {.magic = static_cast<std::uint16_t>(read_number(head, 0, 2, true).value_or(0)),
          .version = version == nullptr ? std::string{} : std::string(version->name)};
}

}  // namespace dropwarden::classify
