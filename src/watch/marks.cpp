// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/marks.hpp"

#include <string>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::watch {
namespace {

// dev_t as the kernel keeps it (MKDEV), not as stat(2) encodes it.
constexpr unsigned minor_bits = 20;

constexpr std::size_t max_fdinfo_bytes = std::size_t{64} << 20U;

}  // namespace

Marks parse_marks(std::string_view fdinfo) {
  constexpr std::string_view superblock = "fanotify sdev:";
  constexpr std::string_view mount = "fanotify mnt_id:";
  Marks marks;
  while (!fdinfo.empty()) {
    std::string_view line = util::take_until(fdinfo, '\n');
    const bool is_superblock = line.starts_with(superblock);
    if (!is_superblock && !line.starts_with(mount)) continue;
    line.remove_prefix(is_superblock ? superblock.size() : mount.size());
    const auto number = util::parse_number<std::uint32_t>(util::take_until(line, ' '), 16);
    if (!number) continue;
    if (is_superblock) {
      marks.file_systems.push_back(
          {.major = *number >> minor_bits, .minor = *number & ((1U << minor_bits) - 1)});
    } else {
      marks.mounts.push_back({*number});
    }
  }
  return marks;
}

sys::Result<Marks> read_marks(int group) {
  const auto text = sys::read_file("/proc/self/fdinfo/" + std::to_string(group), max_fdinfo_bytes);
  if (!text) return std::unexpected(text.error());
  return parse_marks(*text);
}

std::size_t read_most_marks(const std::string& file) {
  constexpr std::size_t of_a_group = 8192;
  constexpr std::size_t longest_number = 64;
  const auto text = sys::read_file(file, longest_number);
  std::string_view line = text ? *text : std::string_view{};
  return util::parse_number<std::size_t>(util::take_until(line, '\n')).value_or(of_a_group);
}

}  // namespace dropwarden::watch
