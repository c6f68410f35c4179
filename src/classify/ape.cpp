// SPDX-License-Identifier: Apache-2.0
#include "ape.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "bytes.hpp"

// https://github.com/jart/cosmopolitan, ape/specification.md. The first bytes are the assignment of a shell
// variable, since the kernel knows no such format (ENOEXEC) and a shell then reads the file.
namespace dropwarden::classify {
namespace {

constexpr std::string_view for_windows_too = "MZqFpD='";
constexpr std::array<std::string_view, 3> magics{for_windows_too, "jartsr='", "APEDBG='"};

}  // namespace

bool is_ape(std::span<const std::byte> first) noexcept {
  const std::string_view text = as_text(first);
  return std::any_of(magics.begin(), magics.end(),
                     [&](std::string_view magic) { return text.starts_with(magic); });
}

model::ApeFacts read_ape_facts(std::span<const std::byte> head) noexcept {
  const std::string_view text = as_text(head);
  return {.is_pe = text.starts_with(for_windows_too),
          .has_elf_header = text.find("printf '\\177ELF") != std::string_view::npos};
}

}  // namespace dropwarden::classify
