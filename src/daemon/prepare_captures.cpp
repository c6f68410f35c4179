// SPDX-License-Identifier: Apache-2.0
#include "prepare_captures.hpp"

#include <fcntl.h>

#include "dropwarden/store/capture_directory.hpp"

#include "give.hpp"
#include "own_directory.hpp"

namespace dropwarden::daemon {
namespace {

constexpr std::size_t most_files = 1'000'000;

}  // namespace

std::string prepare_captures(const std::string& directory, const User& user) {
  if (directory.empty()) return {};
  const auto opened =
      open_own_directory(directory, O_NOFOLLOW, most_files, user, store::CaptureDirectory::is_name);
  if (!opened) return opened.error();
  const auto given = give(opened->file.number(), user, directory);
  return given ? std::string{} : given.error().text();
}

}  // namespace dropwarden::daemon
