// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/layer/entry.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <utility>

namespace dropwarden::layer {

bool Entry::is_directory() const {
  return S_ISDIR(status.mode);
}

bool Entry::is_regular() const {
  return S_ISREG(status.mode);
}

sys::Result<Entry> open_entry(privilege::Privilege& privilege, int directory, const std::string& name) {
  auto file = privilege.open_entry(directory, name);
  if (!file) return std::unexpected(std::move(file.error()));
  auto status = sys::read_status(file->number());
  if (!status) return std::unexpected(std::move(status.error()));
  return Entry{std::move(*file), *status};
}

sys::Result<Entry> open_far_entry(privilege::Privilege& privilege, int directory, std::string_view path) {
  // PATH_MAX is 4096, and a name has 255 bytes at most.
  constexpr std::size_t max_part = 4095;
  sys::Fd held;
  while (true) {
    while (path.starts_with('/')) path.remove_prefix(1);
    const std::size_t end = path.size() <= max_part ? path.size() : path.rfind('/', max_part);
    if (end == std::string_view::npos)
      return std::unexpected(sys::Error{"open", std::string(path.substr(0, max_part)), ENAMETOOLONG});
    auto entry = open_entry(privilege, held ? held.number() : directory, std::string(path.substr(0, end)));
    if (!entry || end == path.size()) return entry;
    held = std::move(entry->file);
    path.remove_prefix(end);
  }
}

sys::Result<bool> Attributes::is_whiteout(const Entry& entry) const {
  const sys::FileStatus& status = entry.status;
  if (S_ISCHR(status.mode)) return status.special_major == 0 && status.special_minor == 0;
  if (!entry.is_regular() || status.size != 0) return false;
  const auto mark = read(entry, privilege::OverlayAttribute::whiteout);
  if (!mark) return std::unexpected(mark.error());
  return mark->has_value();
}

sys::Result<bool> Attributes::is_opaque(const Entry& directory) const {
  const auto mark = read(directory, privilege::OverlayAttribute::opaque);
  if (!mark) return std::unexpected(mark.error());
  return *mark == "y";
}

sys::Result<bool> Attributes::is_metacopy(const Entry& file) const {
  if (!file.is_regular()) return false;
  const auto mark = read(file, privilege::OverlayAttribute::metacopy);
  if (!mark) return std::unexpected(mark.error());
  return mark->has_value();
}

}  // namespace dropwarden::layer
