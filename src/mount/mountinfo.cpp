// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ranges>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/util/text.hpp"

#include "octal.hpp"

namespace dropwarden::mount {
namespace {

std::optional<model::Device> parse_device(std::string_view text) {
  const auto major = util::parse_number<std::uint32_t>(util::take_until(text, ':'));
  const auto minor = util::parse_number<std::uint32_t>(text);
  if (!major || !minor) return std::nullopt;
  return model::Device{.major = *major, .minor = *minor};
}

// Fields by single spaces: one that is empty (a source may be) is still a field. The separator is the first
// lone `-` after the options; no tag can look like it.
std::optional<model::Mount> parse_line(std::string_view line) {
  const auto id = util::parse_number<std::uint64_t>(util::take_until(line, ' '));
  const auto parent = util::parse_number<std::uint64_t>(util::take_until(line, ' '));
  const auto device = parse_device(util::take_until(line, ' '));
  if (!id || !parent || !device) return std::nullopt;
  model::Mount mount;
  mount.id = {*id};
  mount.parent = {*parent};
  mount.device = *device;
  mount.root = unescape_octal(util::take_until(line, ' '));
  mount.mount_point = unescape_octal(util::take_until(line, ' '));
  mount.options = util::take_until(line, ' ');
  while (true) {
    if (line.empty()) return std::nullopt;
    const std::string_view tag = util::take_until(line, ' ');
    if (tag == "-") break;
    mount.tags.emplace_back(tag);
  }
  mount.file_system = unescape_octal(util::take_until(line, ' '));
  mount.source = unescape_octal(util::take_until(line, ' '));
  mount.super_options = line;
  if (mount.root.empty() || mount.mount_point.empty() || mount.file_system.empty()) return std::nullopt;
  return mount;
}

}  // namespace

std::vector<model::Mount> parse_mountinfo(std::string_view text, std::size_t* malformed) {
  std::vector<model::Mount> mounts;
  std::size_t bad = 0;
  while (!text.empty()) {
    const std::string_view line = util::take_until(text, '\n');
    if (line.empty()) continue;
    if (auto mount = parse_line(line)) {
      mounts.push_back(std::move(*mount));
    } else {
      ++bad;
    }
  }
  if (malformed != nullptr) *malformed = bad;
  return mounts;
}

const model::Mount* find_root(const std::vector<model::Mount>& table) {
  const auto reversed = table | std::views::reverse;
  const auto root = std::ranges::find(reversed, "/", &model::Mount::mount_point);
  return root == reversed.end() ? nullptr : &*root;
}

}  // namespace dropwarden::mount
