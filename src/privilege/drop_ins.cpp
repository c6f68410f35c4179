// SPDX-License-Identifier: Apache-2.0
#include "drop_ins.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>

#include "dropwarden/sys/directory.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::privilege {
namespace {

constexpr std::size_t max_entries = 1024;
constexpr std::size_t max_bytes = std::size_t{8} << 20U;  // of all: they pass in one message

}  // namespace

sys::Result<std::vector<RegistrationFile>> read_drop_ins(const std::string& configuration) {
  const auto slash = configuration.rfind('/');
  const std::string beside = slash == std::string::npos ? "" : configuration.substr(0, slash + 1);
  const std::string directory = beside + "dropwarden.d";
  std::vector<RegistrationFile> files;
  const auto opened = sys::open_path(directory, O_RDONLY | O_DIRECTORY);
  if (!opened && (opened.error().number == ENOENT || opened.error().number == ENOTDIR)) return files;
  if (!opened) return std::unexpected(opened.error());
  auto names = sys::list_directory(opened->number(), max_entries);
  if (!names) return std::unexpected(names.error());
  std::ranges::sort(*names);
  std::size_t left = max_bytes;
  for (const std::string& name : *names) {
    // Hidden ones are those of editors, and of Kubernetes.
    if (name.starts_with('.') || !name.ends_with(".yaml")) continue;
    std::string path = directory + "/";
    path += name;
    auto text = sys::read_file(path, left);
    if (!text) return std::unexpected(std::move(text.error()));
    left -= text->size();
    files.push_back({path, std::move(*text)});
  }
  return files;
}

}  // namespace dropwarden::privilege
