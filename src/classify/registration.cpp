// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/classify/registration.hpp"

#include <algorithm>

#include "dropwarden/classify/classify.hpp"
#include "dropwarden/util/text.hpp"

#include "bytes.hpp"

namespace dropwarden::classify {
namespace {

std::optional<unsigned char> nibble(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned char>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned char>(c - 'a' + 10);
  return std::nullopt;
}

std::optional<std::string> from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = nibble(text[i]);
    const auto low = i + 1 < text.size() ? nibble(text[i + 1]) : std::nullopt;
    if (!high || !low) return std::nullopt;
    bytes += static_cast<char>(*high << 4U | *low);
  }
  return bytes;
}

// The rest of a line that begins with `key`.
std::optional<std::string_view> value_of(std::string_view line, std::string_view key) noexcept {
  if (!line.starts_with(key)) return std::nullopt;
  return line.substr(key.size());
}

bool is_usable(const RegistrationRule& rule) noexcept {
  if (rule.registration.interpreter.empty()) return false;
  if (rule.magic.empty()) return !rule.extension.empty();
  return rule.offset <= first_bytes && rule.magic.size() <= first_bytes - rule.offset &&
         (rule.mask.empty() || rule.mask.size() == rule.magic.size());
}

}  // namespace

// entry_status, fs/binfmt_misc.c. An interpreter may hold a line feed: then what follows is no line of this
// form, and the rest of the rule is still read.
std::optional<RegistrationRule> parse_registration(std::string_view name, std::string_view text) {
  if (!text.starts_with("enabled\n")) return std::nullopt;
  RegistrationRule rule;
  rule.registration.name = name;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (const auto interpreter = value_of(line, "interpreter ")) rule.registration.interpreter = *interpreter;
    if (const auto flags = value_of(line, "flags: ")) rule.registration.flags = *flags;
    if (const auto extension = value_of(line, "extension .")) rule.extension = *extension;
    if (const auto offset = value_of(line, "offset ")) {
      const auto number = util::parse_number<std::size_t>(*offset);
      if (!number) return std::nullopt;
      rule.offset = *number;
    }
    for (const auto& [key, part] : {std::pair{"magic ", &rule.magic}, std::pair{"mask ", &rule.mask}}) {
      const auto value = value_of(line, key);
      if (!value) continue;
      auto bytes = from_hex(*value);
      if (!bytes) return std::nullopt;
      *part = std::move(*bytes);
    }
  }
  if (!is_usable(rule)) return std::nullopt;
  return rule;
}

// search_binfmt_handler, fs/binfmt_misc.c. The kernel compares a buffer of 256 bytes, in which NULs follow a
// shorter file.
bool matches(const RegistrationRule& rule, std::span<const std::byte> first,
             std::string_view file_name) noexcept {
  if (first.empty()) return false;
  if (rule.magic.empty()) {
    const auto dot = file_name.rfind('.');
    return dot != std::string_view::npos && file_name.substr(dot + 1) == rule.extension;
  }
  for (std::size_t i = 0; i < rule.magic.size(); ++i) {
    const std::size_t at = rule.offset + i;
    const auto byte = at < first.size() ? std::to_integer<unsigned>(first[at]) : 0U;
    const auto mask = rule.mask.empty() ? 0xffU : static_cast<unsigned char>(rule.mask[i]);
    if (((byte ^ static_cast<unsigned char>(rule.magic[i])) & mask) != 0) return false;
  }
  return true;
}

const RegistrationRule* find_registration(std::span<const RegistrationRule> rules,
                                          std::span<const std::byte> first,
                                          std::string_view file_name) noexcept {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const RegistrationRule& rule) {
    return matches(rule, first, file_name);
  });
  return found == rules.end() ? nullptr : &*found;
}

bool has_extension_rule(std::span<const RegistrationRule> rules) noexcept {
  return std::any_of(rules.begin(), rules.end(),
                     [](const RegistrationRule& rule) { return rule.magic.empty(); });
}

}  // namespace dropwarden::classify
