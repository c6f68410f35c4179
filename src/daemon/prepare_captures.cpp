// SPDX-License-Identifier: Apache-2.0
#include "prepare_captures.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

#include "dropwarden/store/capture_directory.hpp"
#include "dropwarden/sys/directory.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/escape.hpp"

#include "give.hpp"

namespace dropwarden::daemon {
namespace {

constexpr std::size_t most_files = 1'000'000;

}  // namespace

std::string prepare_captures(const std::string& directory, const User& user) {
  if (directory.empty()) return {};
  if (const auto made = sys::make_directory(directory, 0700); !made) return made.error().text();
  const auto opened = sys::open_path(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!opened) return opened.error().text();
  const auto status = sys::read_status(opened->number());
  if (!status) return status.error().text();
  const bool is_private = (status->uid == 0 || status->uid == user.uid) && (status->mode & S_IWOTH) == 0;
  if (!is_private) return "others than root may change the directory \"" + util::escape(directory) + "\"";
  const auto names = sys::list_directory(opened->number(), most_files);
  if (!names) return names.error().text();
  const auto foreign = std::ranges::find_if_not(*names, store::CaptureDirectory::is_name);
  if (foreign != names->end())
    return "the directory \"" + util::escape(directory) + "\" also holds \"" + util::escape(*foreign) + "\"";
  const auto given = give(opened->number(), user, directory);
  return given ? std::string{} : given.error().text();
}

}  // namespace dropwarden::daemon
