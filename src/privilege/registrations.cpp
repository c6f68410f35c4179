// SPDX-License-Identifier: Apache-2.0
#include "registrations.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>

#include "dropwarden/sys/directory.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::privilege {
namespace {

// binfmt_misc as a whole may be switched off; then no entry counts.
sys::Result<std::vector<RegistrationFile>> read_registration_files(int directory) {
  constexpr std::size_t max_entries = 1024;
  constexpr std::size_t max_text = 65536;  // the kernel writes a page
  std::vector<RegistrationFile> files;
  const auto names = sys::list_directory(directory, max_entries);
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    if (name == "register") continue;
    const auto file = sys::open_beneath(directory, name, O_RDONLY);
    if (!file && file.error().number == ENOENT) continue;  // removed since
    if (!file) return std::unexpected(file.error());
    auto text = sys::read_file(file->number(), max_text, name);
    if (!text) return std::unexpected(std::move(text.error()));
    if (name != "status") {
      files.push_back({name, std::move(*text)});
    } else if (!text->starts_with("enabled")) {
      return std::vector<RegistrationFile>{};
    }
  }
  return files;
}

}  // namespace

sys::Result<std::vector<RegistrationFile>> read_registrations(const std::string& path) {
  // O_PATH does not make an automount point mount anything.
  auto opened = sys::open_path(path, O_PATH | O_NOFOLLOW);
  if (!opened && opened.error().number == ENOENT) return std::vector<RegistrationFile>{};
  if (!opened) return std::unexpected(std::move(opened.error()));
  const auto file_system = sys::read_file_system_status(opened->number());
  if (!file_system) return std::unexpected(file_system.error());
  if (file_system->type != BINFMTFS_MAGIC) return std::vector<RegistrationFile>{};
  return read_registration_files(opened->number());
}

}  // namespace dropwarden::privilege
