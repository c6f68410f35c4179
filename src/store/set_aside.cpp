// SPDX-License-Identifier: Apache-2.0
#include "set_aside.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

namespace dropwarden::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kept = 2;
constexpr const char* suffixes[] = {"", "-wal"};  // the shared memory of the log, `-shm`, is made anew

// `20261127T020304.123456789Z`: sorts by time, and needs no quotes in a shell.
std::string compact(util::WallTime now) {
  std::string text = util::format_rfc3339(now);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

void remove_older(const fs::path& path) {
  const std::string prefix = path.filename().string() + ".damaged-";
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(path.parent_path())) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && !name.ends_with("-wal")) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  const std::size_t too_many = found.size() - std::min(found.size(), kept);
  for (std::size_t i = 0; i < too_many; ++i) {
    fs::remove(found[i]);
    fs::remove(found[i].string() + "-wal");
  }
}

}  // namespace

std::string set_aside(const std::string& path, util::WallTime now) {
  const std::string aside = path + ".damaged-" + compact(now);
  for (const std::string suffix : suffixes) {
    std::error_code missing;
    if (fs::exists(path + suffix, missing)) fs::rename(path + suffix, aside + suffix);
  }
  fs::remove(path + "-shm");
  remove_older(path);
  return aside;
}

}  // namespace dropwarden::store
