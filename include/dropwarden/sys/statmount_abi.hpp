// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// What <linux/mount.h>, <linux/nsfs.h> and <asm/unistd.h> of Linux 6.13 say of listmount(2) and statmount(2),
// for headers that are older. Values are the kernel's ABI and never change, and the numbers of the calls are
// the same on all architectures that we know.
namespace dropwarden::sys::statmount_abi {

inline constexpr long call_statmount = 457;  // Linux 6.8
inline constexpr long call_listmount = 458;  // Linux 6.8

struct Request {  // struct mnt_id_req
  std::uint32_t size = sizeof(Request);
  std::uint32_t spare = 0;
  std::uint64_t mount = 0;
  std::uint64_t param = 0;       // statmount: what is asked for; listmount: the last that is known
  std::uint64_t name_space = 0;  // Linux 6.11; 0 for the caller's own
};

inline constexpr std::uint64_t all_mounts = 0xffffffffffffffffU;  // LSMT_ROOT
inline constexpr unsigned long get_namespace_id = 0x8008b705U;    // NS_GET_MNTNS_ID, Linux 6.11

// What is asked for, and what is told.
inline constexpr std::uint64_t superblock = 0x1;      // STATMOUNT_SB_BASIC
inline constexpr std::uint64_t mount = 0x2;           // STATMOUNT_MNT_BASIC
inline constexpr std::uint64_t propagate_from = 0x4;  // STATMOUNT_PROPAGATE_FROM
inline constexpr std::uint64_t root = 0x8;            // STATMOUNT_MNT_ROOT
inline constexpr std::uint64_t mount_point = 0x10;    // STATMOUNT_MNT_POINT
inline constexpr std::uint64_t type = 0x20;           // STATMOUNT_FS_TYPE
inline constexpr std::uint64_t options = 0x80;        // STATMOUNT_MNT_OPTS, Linux 6.11
inline constexpr std::uint64_t subtype = 0x100;       // STATMOUNT_FS_SUBTYPE, Linux 6.13
inline constexpr std::uint64_t source = 0x200;        // STATMOUNT_SB_SOURCE, Linux 6.13
// All that a line of mountinfo has (proc(5)).
inline constexpr std::uint64_t line =
    superblock | mount | propagate_from | root | mount_point | type | options | subtype | source;

struct Answer {  // struct statmount; behind it the texts, each with a zero byte at its end
  std::uint32_t size;
  std::uint32_t options;  // where a text begins, behind the struct; so are root, mount_point, type, …
  std::uint64_t mask;
  std::uint32_t device_major;
  std::uint32_t device_minor;
  std::uint64_t magic;
  std::uint32_t superblock_flags;  // MS_RDONLY, MS_SYNCHRONOUS, MS_DIRSYNC, MS_LAZYTIME
  std::uint32_t type;
  std::uint64_t id;
  std::uint64_t parent;
  std::uint32_t old_id;
  std::uint32_t old_parent;
  std::uint64_t attributes;   // MOUNT_ATTR_*
  std::uint64_t propagation;  // MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE
  std::uint64_t peer_group;
  std::uint64_t master;
  std::uint64_t propagate_from;
  std::uint32_t root;
  std::uint32_t mount_point;
  std::uint64_t name_space;
  std::uint32_t subtype;
  std::uint32_t source;
  std::uint64_t spare[48];
};
static_assert(sizeof(Request) == 32 && sizeof(Answer) == 512 && offsetof(Answer, source) == 124);

}  // namespace dropwarden::sys::statmount_abi
