// SPDX-License-Identifier: Apache-2.0
#include "own_directory.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <utility>

#include "dropwarden/sys/directory.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/escape.hpp"

namespace dropwarden::daemon {

std::expected<OwnDirectory, std::string> open_own_directory(
    const std::string& path, int flags, std::size_t most_files, const User& user,
    const std::function<bool(const std::string& name)>& is_own) {
  if (const auto made = sys::make_directory(path, 0700); !made) return std::unexpected(made.error().text());
  auto opened = sys::open_path(path, O_RDONLY | O_DIRECTORY | flags);
  if (!opened) return std::unexpected(opened.error().text());
  const auto status = sys::read_status(opened->number());
  if (!status) return std::unexpected(status.error().text());
  const std::string directory = "the directory \"" + util::escape(path) + "\"";
  const bool is_private = (status->uid == 0 || status->uid == user.uid) && (status->mode & S_IWOTH) == 0;
  if (!is_private) return std::unexpected("others than root may change " + directory);
  auto names = sys::list_directory(opened->number(), most_files);
  if (!names) return std::unexpected(names.error().text());
  if (const auto foreign = std::ranges::find_if_not(*names, is_own); foreign != names->end())
    return std::unexpected(directory + " also holds \"" + util::escape(*foreign) + "\"");
  return OwnDirectory{.file = std::move(*opened), .names = std::move(*names)};
}

}  // namespace dropwarden::daemon
