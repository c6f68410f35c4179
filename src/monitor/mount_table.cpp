// SPDX-License-Identifier: Apache-2.0
#include "mount_table.hpp"

#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::monitor {
namespace {

constexpr std::size_t max_table = std::size_t{16} << 20U;

}  // namespace

sys::Result<std::vector<model::Mount>> read_mount_table(privilege::Privilege& privilege) {
  const auto file = privilege.open_mount_table();
  if (!file) return std::unexpected(file.error());
  const auto text = sys::read_file(file->number(), max_table, "mountinfo");
  if (!text) return std::unexpected(text.error());
  return mount::parse_mountinfo(*text);
}

}  // namespace dropwarden::monitor
