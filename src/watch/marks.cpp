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

std::vector<model::Device> parse_marked_devices(std::string_view fdinfo) {
  constexpr std::string_view prefix = "fanotify sdev:";
  std::vector<model::Device> devices;
  while (!fdinfo.empty()) {
    std::string_view line = util::take_until(fdinfo, '\n');
    if (!line.starts_with(prefix)) continue;
    line.remove_prefix(prefix.size());
    const auto number = util::parse_number<std::uint32_t>(util::take_until(line, ' '), 16);
    if (!number) continue;
    devices.push_back({.major = *number >> minor_bits, .minor = *number & ((1U << minor_bits) - 1)});
  }
  return devices;
}

sys::Result<std::vector<model::Device>> read_marked_devices(int group) {
  const auto text = sys::read_file("/proc/self/fdinfo/" + std::to_string(group), max_fdinfo_bytes);
  if (!text) return std::unexpected(text.error());
  return parse_marked_devices(*text);
}

}  // namespace dropwarden::watch
