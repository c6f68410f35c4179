// SPDX-License-Identifier: Apache-2.0
#include "host_mounts.hpp"

#include <algorithm>
#include <cstddef>
#include <fcntl.h>
#include <string_view>
#include <vector>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::privilege {
namespace {

constexpr std::size_t max_table = std::size_t{64} << 20U;

// First field of each line (proc(5)), in rising order.
std::vector<std::string_view> mount_ids(std::string_view table) {
  std::vector<std::string_view> ids;
  for (const auto line : util::split(table, '\n')) {
    if (!line.empty()) ids.push_back(line.substr(0, line.find(' ')));
  }
  std::ranges::sort(ids);
  return ids;
}

// A mount is in one mount namespace and has a number that no other has. Every process may read the table of
// any other, so this tells where the namespaces themselves must not be looked at.
bool have_a_mount_in_common(const std::string& process, const std::string& other) {
  const auto first = sys::read_file(process + "/mountinfo", max_table);
  const auto second = sys::read_file(other + "/mountinfo", max_table);
  if (!first || !second) return false;
  std::vector<std::string_view> common;
  std::ranges::set_intersection(mount_ids(*first), mount_ids(*second), std::back_inserter(common));
  return !common.empty();
}

// A root is a directory as a mount shows it: of a chroot(2) into a bind mount of the root only the mount
// differs.
bool have_the_same_root(const std::string& process, const std::string& other) {
  const auto first = sys::open_path(process + "/root", O_PATH | O_DIRECTORY);
  const auto second = sys::open_path(other + "/root", O_PATH | O_DIRECTORY);
  const auto one = first ? sys::read_status(first->number()) : std::unexpected(first.error());
  const auto two = second ? sys::read_status(second->number()) : std::unexpected(second.error());
  // Nothing else could be done about it.
  if (!one || !two) return true;
  return sys::is_same_object(*one, *two) && one->mount_id == two->mount_id;
}

// The inode numbers of the first namespaces are fixed: PROC_PID_INIT_INO in <linux/proc_ns.h> of the kernel's
// sources.
constexpr const char* first_pid_namespace = "pid:[4026531836]";

}  // namespace

bool is_in_first_pid_namespace(const std::string& proc) {
  const auto own = sys::read_link(proc + "/self/ns/pid");
  return !own || *own == first_pid_namespace;
}

HostMounts find_host_mounts(const std::string& proc, std::int32_t host_process) {
  const std::string own_process = proc + "/self";
  const std::string host = proc + "/" + std::to_string(host_process);
  HostMounts own{.process = own_process, .root = {}, .problem = {}};
  const auto own_namespace = sys::read_link(own_process + "/ns/mnt");
  const auto host_namespace = sys::read_link(host + "/ns/mnt");
  if (own_namespace && host_namespace) {
    // In a chroot(2) the table would end at its root.
    if (*own_namespace == *host_namespace && have_the_same_root(own_process, host)) return own;
    return {.process = host, .root = host + "/root", .problem = {}};
  }
  if (have_a_mount_in_common(own_process, host)) return own;
  own.problem = host_namespace ? own_namespace.error() : host_namespace.error();
  return own;
}

}  // namespace dropwarden::privilege
