// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/cgroup_path.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "dropwarden/util/text.hpp"

#include "cgroup_line.hpp"
#include "cgroup_name.hpp"

namespace dropwarden::container {
namespace {

// Names that are worth looking at: an empty one is a doubled slash, and `..` leads from the root of the
// reader's cgroup namespace to cgroups outside it (cgroup_namespaces(7)).
std::vector<std::string_view> names_of(std::string_view path) {
  auto names = util::split(path, '/');
  std::erase_if(names, [](std::string_view name) { return name.empty() || name == "." || name == ".."; });
  return names;
}

std::string path_of(CgroupNames names) {
  std::string path;
  for (const std::string_view name : names) path.append(1, '/').append(name);
  return path;
}

}  // namespace

std::vector<CgroupOwner> parse_cgroup_owners(std::string_view path) {
  std::vector<CgroupOwner> owners;
  const auto names = names_of(path);
  const bool is_users = !names.empty() && names.front() == "user.slice";
  std::size_t inside = 0;  // first name below the owner found last
  for (std::size_t end = 1; end <= names.size(); ++end) {
    const auto seen = CgroupNames(names).subspan(inside, end - inside);
    auto container = parse_container_name(seen);
    if (!container) continue;
    CgroupOwner owner{.runtime = container->runtime,
                      .id = {std::move(container->id)},
                      .pod_uid = parse_pod_uid(seen),
                      .is_root = end == names.size(),
                      .is_users = is_users,
                      .path = path_of(CgroupNames(names).first(end))};
    inside = end;
    // podman --cgroups=split: the payload lies in a cgroup of its own below the container's scope.
    const auto same = std::ranges::find(owners, owner.id, &CgroupOwner::id);
    if (same == owners.end()) {
      owners.push_back(std::move(owner));
    } else if (same + 1 == owners.end()) {
      same->is_root = owner.is_root;
    }
  }
  return owners;
}

std::optional<CgroupOwner> parse_cgroup_path(std::string_view path) {
  auto owners = parse_cgroup_owners(path);
  if (owners.empty()) return std::nullopt;
  return std::move(owners.back());
}

std::vector<CgroupOwner> parse_process_owners(std::string_view text) {
  std::vector<CgroupOwner> from_version_1;
  while (!text.empty()) {
    const auto line = parse_cgroup_line(util::take_until(text, '\n'));
    if (!line || (!line->is_unified && !from_version_1.empty())) continue;
    auto owners = parse_cgroup_owners(line->path);
    if (owners.empty()) continue;
    if (line->is_unified) return owners;
    from_version_1 = std::move(owners);
  }
  return from_version_1;
}

std::optional<CgroupOwner> parse_process_cgroup(std::string_view text) {
  auto owners = parse_process_owners(text);
  if (owners.empty()) return std::nullopt;
  return std::move(owners.back());
}

bool is_in_cgroup_of(std::string_view process, std::string_view other) {
  std::optional<CgroupLine> top;
  while (!top && !other.empty()) {
    top = parse_cgroup_line(util::take_until(other, '\n'));
    if (top && top->path == "/") top.reset();
  }
  while (top && !process.empty()) {
    const auto line = parse_cgroup_line(util::take_until(process, '\n'));
    if (!line || line->controllers != top->controllers) continue;
    if (!line->path.starts_with(top->path)) return false;
    return line->path.size() == top->path.size() || line->path[top->path.size()] == '/';
  }
  return false;
}

bool is_of_another(std::string_view text, std::string_view id) {
  const auto owners = parse_process_owners(text);
  return !owners.empty() &&
         std::ranges::none_of(owners, [&](const CgroupOwner& owner) { return owner.id.value == id; });
}

std::optional<CgroupOwner> trusted_owner(const std::vector<CgroupOwner>& owners,
                                         const std::vector<CgroupOwner>& enclosing) {
  const auto [inside, last] =
      std::ranges::mismatch(owners, enclosing, {}, &CgroupOwner::id, &CgroupOwner::id);
  if (inside == owners.end()) return std::nullopt;
  return *inside;
}

}  // namespace dropwarden::container
