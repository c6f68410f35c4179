// SPDX-License-Identifier: Apache-2.0
#include "index.hpp"

#include <algorithm>

#include "dropwarden/policy/glob.hpp"

namespace dropwarden::policy {
namespace {

// The texts that the globs stand for, where all of them are literal.
std::vector<std::string> literals(const std::vector<std::string>& patterns, Glob::Style style) {
  std::vector<std::string> texts;
  for (const std::string& pattern : patterns) {
    const Glob glob(pattern, style);
    if (!glob.is_literal()) return {};
    texts.push_back(glob.prefix());
  }
  return texts;
}

std::string_view directory_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

}  // namespace

void Index::add(const Conditions& conditions) {
  const auto number = static_cast<std::uint32_t>(matchers_.size());
  matchers_.emplace_back(conditions);
  const auto file = [number](Table& table, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      Numbers& numbers = table[key];
      if (numbers.empty() || numbers.back() != number) numbers.push_back(number);
    }
    return !keys.empty();
  };
  if (file(by_sha256_, conditions.sha256)) return;
  if (file_by_path(conditions.path, number)) return;
  if (file(by_image_, literals(conditions.image, Glob::Style::path))) return;
  if (file(by_container_, literals(conditions.container, Glob::Style::name))) return;
  if (file(by_namespace_, literals(conditions.name_space, Glob::Style::name))) return;
  others_.push_back(number);
}

// By the directories that the patterns begin with, where each begins with one.
bool Index::file_by_path(const std::vector<std::string>& patterns, std::uint32_t number) {
  std::vector<std::pair<Table*, std::string>> places;
  for (const std::string& pattern : patterns) {
    const Glob glob(pattern);
    std::string place = glob.is_literal() ? glob.prefix() : std::string(directory_of(glob.prefix()));
    if (place.empty()) return false;
    places.emplace_back(glob.is_literal() ? &by_path_ : &by_directory_, std::move(place));
  }
  for (const auto& [table, place] : places) {
    Numbers& numbers = (*table)[place];
    if (numbers.empty() || numbers.back() != number) numbers.push_back(number);
  }
  return !places.empty();
}

Index::Numbers Index::candidates(const Facts& facts) const {
  Numbers found = others_;
  const auto add = [&](const Table& table, std::string_view key) {
    if (key.empty() || table.empty()) return;
    const auto at = table.find(key);
    if (at != table.end()) found.insert(found.end(), at->second.begin(), at->second.end());
  };
  const model::FileFacts& file = facts.event.file;
  const model::Container& container = facts.event.container;
  add(by_sha256_, file.sha256.value);
  add(by_path_, file.path);
  for (auto above = directory_of(file.path); !above.empty(); above = directory_of(above))
    add(by_directory_, above);
  add(by_image_, facts.image);
  add(by_container_, container.name);
  if (container.pod) add(by_namespace_, container.pod->name_space);
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

}  // namespace dropwarden::policy
