// SPDX-License-Identifier: Apache-2.0
#include "prepare_directories.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "dropwarden/sys/file.hpp"

#include "give.hpp"
#include "own_directory.hpp"

// As root, in a directory that a monitor which was taken over may have changed: each file is taken by a
// descriptor, is regular and has one name.
namespace dropwarden::daemon {
namespace {

constexpr std::size_t most_files = 4096;

sys::Result<void> give_file(int directory, const std::string& name, const User& user) {
  const auto file = sys::open_beneath(directory, name, O_RDONLY | O_NOCTTY);
  if (!file) return std::unexpected(file.error());
  const auto status = sys::read_status(file->number());
  if (!status) return std::unexpected(status.error());
  if (!S_ISREG(status->mode) || status->links != 1) return std::unexpected(sys::Error{"fchown", name, EPERM});
  return give(file->number(), user, name);
}

// `state.db-wal`, `findings.json.1`, `findings.json-20260101.gz`
bool is_of(const std::string& file, const std::string& name) {
  if (!name.starts_with(file)) return false;
  return name.size() == file.size() || name[file.size()] == '-' || name[file.size()] == '.';
}

// What hindered it, or nothing.
std::string prepare(const std::string& directory, const std::vector<std::string>& own, const User& user) {
  const auto is_own = [&](const std::string& name) {
    return std::ranges::any_of(own, [&](const std::string& file) { return is_of(file, name); });
  };
  const auto opened = open_own_directory(directory, 0, most_files, user, is_own);
  if (!opened) return opened.error();
  const int number = opened->file.number();
  for (const std::string& name : opened->names) {
    if (const auto given = give_file(number, name, user); !given) return given.error().text();
  }
  const auto given = give(number, user, directory);
  return given ? std::string{} : given.error().text();
}

}  // namespace

std::vector<std::string> prepare_directories(const std::vector<std::string>& files, const User& user) {
  std::map<std::string, std::vector<std::string>> names;
  for (const std::filesystem::path file : files) names[file.parent_path()].push_back(file.filename());
  std::vector<std::string> problems;
  for (const auto& [directory, own] : names) {
    if (std::string problem = prepare(directory, own, user); !problem.empty())
      problems.push_back(std::move(problem));
  }
  return problems;
}

}  // namespace dropwarden::daemon
