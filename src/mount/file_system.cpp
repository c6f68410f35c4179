// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/mount/file_system.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dropwarden::mount {
namespace {

using Type = std::pair<std::string_view, std::uint64_t>;

// f_type of statfs(2), which names them; <linux/magic.h> has not all. devtmpfs is a tmpfs.
constexpr auto watchable = std::to_array<Type>({
    {"bcachefs", 0xca451a4e},
    {"btrfs", 0x9123683e},
    {"devtmpfs", 0x01021994},
    {"exfat", 0x2011bab0},
    {"ext2", 0xef53},
    {"ext3", 0xef53},
    {"ext4", 0xef53},
    {"f2fs", 0xf2f52010},
    {"jfs", 0x3153464a},
    {"nilfs2", 0x3434},
    {"overlay", 0x794c7630},
    {"ramfs", 0x858458f6},
    {"tmpfs", 0x01021994},
    {"vfat", 0x4d44},
    {"xfs", 0x58465342},
    {"zfs", 0x2fc12fc1},
});

// They hold what the kernel says, and no file that anybody could put there.
constexpr auto pseudo = std::to_array<std::string_view>(
    {"autofs",   "binfmt_misc", "bpf",    "cgroup",     "cgroup2", "configfs",  "debugfs",  "devpts",
     "efivarfs", "fusectl",     "mqueue", "nfsd",       "nsfs",    "pidfs",     "proc",     "pstore",
     "resctrl",  "rpc_pipefs",  "sysfs",  "securityfs", "tracefs", "selinuxfs", "hugetlbfs"});

constexpr auto remote =
    std::to_array<std::string_view>({"9p", "afs", "beegfs", "ceph", "cifs", "gfs2", "glusterfs", "gpfs",
                                     "lustre", "nfs", "nfs4", "ocfs2", "smb3", "smbfs", "virtiofs"});

constexpr auto read_only = std::to_array<std::string_view>({"cramfs", "erofs", "iso9660", "squashfs", "udf"});

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& types, std::string_view type) {
  return std::ranges::find(types, type) != types.end();
}

bool is_fuse(std::string_view type) {
  return type == "fuse" || type == "fuseblk" || type.starts_with("fuse.") || type.starts_with("fuseblk.");
}

}  // namespace

std::optional<std::uint64_t> watchable_magic(std::string_view type) {
  const auto found = std::ranges::find(watchable, type, &Type::first);
  return found == watchable.end() ? std::nullopt : std::optional(found->second);
}

bool is_memory(std::string_view type) {
  return type == "tmpfs" || type == "ramfs" || type == "devtmpfs";
}

bool has_local_files(std::string_view type) {
  return watchable_magic(type) || contains(read_only, type) || type == "reiserfs";
}

bool is_safe_to_cross(std::string_view type) {
  const bool is_pseudo = contains(pseudo, type) && type != "autofs";
  return is_pseudo || has_local_files(type);
}

std::string why_unwatchable(std::string_view type) {
  if (contains(pseudo, type)) return "pseudo file system, which holds no files of its own";
  if (is_fuse(type)) return "FUSE: a program serves it, and could hold the monitor by not answering";
  if (contains(remote, type)) return "network file system, which could hold the monitor by not answering";
  if (contains(read_only, type)) return "read-only file system";
  return "not one of the file systems that are known to be safe to watch";
}

}  // namespace dropwarden::mount
