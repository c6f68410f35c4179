// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/hierarchy.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include <libcgroup.h>

#include "dropwarden/util/text.hpp"

namespace dropwarden::container {
namespace {

// libcgroup's name for cgroup2 as a whole, whatever controllers it holds.
constexpr const char* unified_name = "cgroup";

// libcgroup puts mount point, path and file name together in FILENAME_MAX bytes, and 2.0 writes beyond them.
// The paths of a container that nests its cgroups deep enough get there.
constexpr std::size_t longest_path = FILENAME_MAX - 256;

std::unexpected<sys::Error> unexpected_code(const char* call, std::string_view object, int code) {
  int number = EIO;
  if (code == ECGROUPNOTMOUNTED) number = ENODEV;
  if (code == ECGOTHER || code == ECGROUPVALUENOTEXIST) number = cgroup_get_last_errno();
  return std::unexpected(sys::Error{call, std::string(object), number});
}

// Where cgroup2 is mounted. The list of controllers tells only while it holds one.
std::optional<std::string> find_unified_mount_point() {
  void* walk = nullptr;
  cgroup_file_info root{};
  int base = 0;
  const int code = cgroup_walk_tree_begin(unified_name, "/", 1, &walk, &root, &base);
  std::optional<std::string> mount_point;
  if (code == 0) {
    mount_point = root.full_path;
    while (mount_point->size() > 1 && mount_point->ends_with('/')) mount_point->pop_back();
  }
  if (walk != nullptr) cgroup_walk_tree_end(&walk);
  return mount_point;
}

std::vector<Hierarchy> list_controllers() {
  std::vector<Hierarchy> hierarchies;
  void* list = nullptr;
  cgroup_mount_point controller{};
  for (int code = cgroup_get_controller_begin(&list, &controller); code == 0;
       code = cgroup_get_controller_next(&list, &controller)) {
    auto known = std::ranges::find(hierarchies, controller.path, &Hierarchy::mount_point);
    if (known == hierarchies.end()) {
      hierarchies.push_back({.mount_point = controller.path, .controllers = {}});
      known = std::prev(hierarchies.end());
    }
    known->controllers.emplace_back(controller.name);
  }
  cgroup_get_controller_end(&list);
  return hierarchies;
}

bool is_below_root(std::string_view path) {
  return std::ranges::none_of(util::split(path, '/'), [](std::string_view name) { return name == ".."; });
}

// The processes of one cgroup alone.
sys::Result<std::vector<model::Pid>> read_own_processes(const Hierarchy& hierarchy, std::string path) {
  // libcgroup takes both names by pointers to char that it does not write to.
  std::string controller = hierarchy.is_unified ? unified_name : hierarchy.controllers.front();
  pid_t* raw = nullptr;
  int count = 0;
  const int code = cgroup_get_procs(path.data(), controller.data(), &raw, &count);
  const std::unique_ptr<pid_t, decltype(&std::free)> owner(raw, &std::free);
  // Its code says only that a value could not be had; errno says why.
  if (code != 0) return std::unexpected(sys::Error{"cgroup_get_procs", path, cgroup_get_last_errno()});
  std::vector<model::Pid> pids;
  // A process outside our pid namespace reads as 0 (cgroups(7)).
  for (int at = 0; at < count; ++at) {
    if (raw[at] > 0) pids.push_back({raw[at]});
  }
  return pids;
}

std::vector<std::string> list_children(const Hierarchy& hierarchy, const std::string& path,
                                       std::size_t at_most) {
  std::vector<std::string> children;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(hierarchy.mount_point + "/" + path, error), end;
       !error && entry != end && children.size() < at_most; entry.increment(error)) {
    if (entry->is_directory(error) && !error)
      children.push_back(path + "/" + entry->path().filename().string());
  }
  return children;
}

sys::Result<CgroupProcesses> walk(const Hierarchy& hierarchy, const std::string& top,
                                  const WalkLimits& limits) {
  CgroupProcesses found;
  std::deque<std::string> waiting{top};
  for (std::size_t seen = 0; !waiting.empty(); ++seen) {
    const std::string path = std::move(waiting.front());
    waiting.pop_front();
    const bool is_too_long = hierarchy.mount_point.size() + path.size() > longest_path;
    if (seen >= limits.cgroups || found.pids.size() >= limits.processes || is_too_long) {
      if (seen == 0) return std::unexpected(sys::Error{"cgroup_get_procs", path, ENAMETOOLONG});
      found.is_complete = false;
      continue;
    }
    const auto own = read_own_processes(hierarchy, path);
    // A cgroup below may be removed while we walk; the top has to be there.
    if (!own && seen == 0) return std::unexpected(own.error());
    if (!own) continue;
    found.pids.insert(found.pids.end(), own->begin(), own->end());
    const std::size_t room = limits.cgroups + 1 - std::min(limits.cgroups, seen + waiting.size());
    std::ranges::move(list_children(hierarchy, path, room), std::back_inserter(waiting));
  }
  std::ranges::sort(found.pids);
  const auto repeated = std::ranges::unique(found.pids);
  found.pids.erase(repeated.begin(), repeated.end());
  if (found.pids.size() > limits.processes) {
    found.pids.resize(limits.processes);
    found.is_complete = false;
  }
  return found;
}

}  // namespace

sys::Result<CgroupProcesses> Hierarchies::read_processes(std::string_view path, WalkLimits limits) const {
  const std::string name(path);
  if (!is_below_root(path)) return std::unexpected(sys::Error{"cgroup_get_procs", name, EINVAL});
  sys::Result<CgroupProcesses> answer = std::unexpected(sys::Error{"cgroup_get_procs", name, ENOENT});
  for (const auto& hierarchy : all_) {
    auto found = walk(hierarchy, name, limits);
    if (found && !found->pids.empty()) return found;
    // That it is there and empty says more than that another hierarchy does not have it.
    if (found || (!answer && found.error().number != ENOENT)) answer = std::move(found);
  }
  return answer;
}

sys::Result<Hierarchies> read_hierarchies() {
  // By default it prints to standard output, which may be an output of findings. No logger at all is none to
  // it, and makes cgroup_init put the default back.
  cgroup_set_logger([](void*, int, const char*, va_list) {}, CGROUP_LOG_ERROR, nullptr);
  if (const int code = cgroup_init(); code != 0) return unexpected_code("cgroup_init", {}, code);

  auto hierarchies = list_controllers();
  if (const auto unified = find_unified_mount_point()) {
    const auto listed = std::ranges::find(hierarchies, *unified, &Hierarchy::mount_point);
    Hierarchy hierarchy{.mount_point = *unified, .controllers = {}, .is_unified = true};
    if (listed != hierarchies.end()) {
      hierarchy.controllers = std::move(listed->controllers);
      hierarchies.erase(listed);
    }
    hierarchies.insert(hierarchies.begin(), std::move(hierarchy));
  }
  if (hierarchies.empty()) return unexpected_code("cgroup_init", {}, ECGROUPNOTMOUNTED);
  return Hierarchies(std::move(hierarchies));
}

std::vector<Hierarchy> hierarchies_here() {
  const auto hierarchies = read_hierarchies();
  return hierarchies ? hierarchies->all() : std::vector<Hierarchy>{};
}

}  // namespace dropwarden::container
