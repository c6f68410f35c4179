// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/cgroup_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "cgroup_line.hpp"

namespace dropwarden::container {
namespace {

bool is_of(const CgroupLine& line, const Hierarchy& hierarchy) {
  if (line.is_unified || hierarchy.is_unified) return line.is_unified == hierarchy.is_unified;
  return std::ranges::any_of(util::split(line.controllers, ','), [&](std::string_view controller) {
    return std::ranges::find(hierarchy.controllers, controller) != hierarchy.controllers.end();
  });
}

bool leads_upwards(std::string_view path) {
  return std::ranges::any_of(util::split(path, '/'), [](std::string_view name) { return name == ".."; });
}

}  // namespace

std::string cgroup_directory(std::string_view process_cgroup, const std::vector<Hierarchy>& hierarchies) {
  std::string found;
  bool is_root = true;
  while (!process_cgroup.empty()) {
    const auto line = parse_cgroup_line(util::take_until(process_cgroup, '\n'));
    if (!line || leads_upwards(line->path)) continue;
    const auto hierarchy =
        std::ranges::find_if(hierarchies, [&](const Hierarchy& one) { return is_of(*line, one); });
    if (hierarchy == hierarchies.end()) continue;
    const bool is_better =
        found.empty() || (is_root && line->path != "/") || (line->is_unified && line->path != "/");
    if (!is_better) continue;
    found = hierarchy->mount_point + std::string(line->path);
    is_root = line->path == "/";
  }
  return found;
}

sys::Result<std::uint64_t> read_cgroup_id(const std::string& directory) {
  const auto opened = sys::open_path(directory, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!opened) return std::unexpected(opened.error());
  const auto file_system = sys::read_file_system_status(opened->number());
  if (!file_system) return std::unexpected(file_system.error());
  if (file_system->type != CGROUP2_SUPER_MAGIC && file_system->type != CGROUP_SUPER_MAGIC)
    return std::unexpected(sys::Error{"statx", directory, ENOTSUP});
  const auto status = sys::read_status(opened->number());
  if (!status) return std::unexpected(status.error());
  return status->inode;
}

std::optional<std::uint64_t> read_unified_id(const std::string& path,
                                             const std::vector<Hierarchy>& hierarchies) {
  const auto directory = cgroup_directory("0::" + path, hierarchies);
  if (directory.empty()) return std::nullopt;
  const auto id = read_cgroup_id(directory);
  return id ? std::optional(*id) : std::nullopt;
}

}  // namespace dropwarden::container
