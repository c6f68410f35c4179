// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "dropwarden/sys/statmount_abi.hpp"

#include "tables.hpp"

// The calls of `privilege` (privilege.hpp says which needs what). Of openat(2) the filter sees that nothing
// which is there is opened for writing; of openat2(2) it sees nothing.
namespace dropwarden::sandbox {
namespace {

constexpr Condition for_reading =
    lacks(2, O_ACCMODE | O_CREAT | O_TRUNC, "flags without writing, creating, truncating");
constexpr Condition of_a_new_file = has(2, O_CREAT | O_EXCL, O_CREAT | O_EXCL, "flags O_CREAT and O_EXCL");

constexpr Call table[] = {
    // Opens.
    {"faccessat2", {}, "whether a file is there"},
    {"getdents64", {}, "lists a directory"},
    {"getxattr", {}, "overlayfs's attributes in a layer"},
    {"fgetxattr", {}, "overlayfs's attributes in a layer"},
    {"listxattr", {}, "whether it has any in a layer"},
    {"name_to_handle_at", {}, "the mount and the handle of a file"},
    {"open_by_handle_at", {}, "files that the file system under the layers tells of"},
    {"openat", {for_reading}, "/proc, roots, layers, cgroups"},
    {"openat", {of_a_new_file}, "a file in an overlay of its own"},
    {"openat2", {}, "inside a container's tree, and never out of it"},
    {"readlink", {}, "/proc/PID/exe and namespaces, what a descriptor is"},
    {"readlinkat", {}, "/proc/PID/exe and namespaces, what a descriptor is"},
    {"fcntl", {is(1, F_SETLEASE, "F_SETLEASE")}, "whether somebody has a file open for writing"},
    {"ioctl", {is(1, NS_GET_OWNER_UID, "NS_GET_OWNER_UID")}, "whose user namespace a container is in"},
    {"ioctl", {is(1, sys::statmount_abi::get_namespace_id, "NS_GET_MNTNS_ID")}, "the host's mounts"},
    {"listmount", {}, "which mounts have come and gone"},
    {"statmount", {}, "a mount that has come"},
    {"pidfd_getfd", {is(2, 0, "flags 0")}, "what the monitor lends, when the kernel lets it send none"},
    {"pidfd_open", {}, "holds a process while it is looked at"},
    {"wait4", {}, "the end of the other process"},
    {"waitid", {}, "the end of the other process"},
    // Marks.
    {"fanotify_init", {}, "the groups"},
    {"fanotify_mark", {}, "the marks"},
    {"capget", {}, "a group that is counted as another user's"},
    {"capset", {}, "a group that is counted as another user's"},
    {"getresuid", {}, "which user that may be"},
    {"setresuid",
     {is(0, -1U, "no real user ID"), is(2, -1U, "no saved user ID")},
     "a group that is counted as another user's"},
    // Namespaces and mounts: the canary, the probe of the file system under an overlay.
    {"setns", {is(1, CLONE_NEWUTS, "CLONE_NEWUTS")}, "a container's host name"},
    {"unshare", {is(0, CLONE_NEWNS, "CLONE_NEWNS")}, "mounts that nobody else sees"},
    {"mkdir", {}, "directories of an overlay of its own"},
    {"mkdirat", {}, "directories of an overlay of its own"},
    {"mount", {}, "an overlay of its own"},
    {"rename", {}, "a file in an overlay of its own"},
    {"renameat", {}, "a file in an overlay of its own"},
    {"renameat2", {}, "a file in an overlay of its own"},
    {"unlink", {}, "a file in an overlay of its own, and the control socket"},
    {"unlinkat", {}, "a file in an overlay of its own, and the control socket"},
    // Sockets of runtimes.
    {"connect", {}, "a runtime's socket"},
    {"getsockopt", {}, "who is at the other end"},
    {"socket", {is(0, AF_UNIX, "domain AF_UNIX")}, "a runtime's socket"},
    {"socketpair", {is(0, AF_UNIX, "domain AF_UNIX")}, "a channel to a new monitor"},
};

}  // namespace

std::span<const Call> marker_calls() {
  return table;
}

}  // namespace dropwarden::sandbox
