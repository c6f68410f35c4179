// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tables.hpp"

// What the monitor does by itself. Nothing here needs a capability; which files it may open is Landlock's
// part.
namespace dropwarden::sandbox {
namespace {

constexpr Call table[] = {
    // Files: the state, /proc/self, cgroups, what it has been handed.
    {"access", {}, "SQLite: is there a journal?"},
    {"faccessat", {}, "SQLite: is there a journal?"},
    {"faccessat2", {}, "SQLite: is there a journal?"},
    {"fadvise64", {}, "a file that is read once"},
    {"fallocate", {}, "SQLite's files"},
    {"fchmod", {}, "SQLite's files are as its database is"},
    {"fchown", {}, "SQLite's files are as its database is"},
    {"fcntl", {is(1, F_GETLK, "F_GETLK")}, "SQLite's locks"},
    {"fcntl", {is(1, F_OFD_SETLK, "F_OFD_SETLK")}, "SQLite's locks"},
    {"fcntl", {is(1, F_SETLK, "F_SETLK")}, "SQLite's locks"},
    {"fcntl", {is(1, F_SETLKW, "F_SETLKW")}, "SQLite's locks"},
    {"fcntl", {is(1, F_SETLEASE, "F_SETLEASE")}, "whether somebody has a file open for writing"},
    {"fdatasync", {}, "commits the state"},
    {"flock", {}, "the one monitor at its database"},
    {"fsync", {}, "commits the state"},
    {"ftruncate", {}, "SQLite's files"},
    {"getcwd", {}, "SQLite: an absolute path"},
    {"getdents64", {}, "lists /proc, cgroups, directories of a tree that is scanned"},
    {"inotify_add_watch", {}, "whether the configuration changes"},
    {"inotify_init1", {}, "whether the configuration changes"},
    {"linkat", {is(4, AT_SYMLINK_FOLLOW, "flags AT_SYMLINK_FOLLOW")}, "gives a copy of a file its name"},
    {"lstat", {}, "what a file is"},
    {"mkdir", {}, "the directory of the state"},
    {"mkdirat", {}, "the directory of the state"},
    {"name_to_handle_at", {}, "the mount of a file that it has"},
    {"open", {}, "its own files"},
    {"openat", {}, "its own files"},
    {"openat2", {}, "in a directory that it was handed, and never out of it"},
    {"pwrite64", {}, "SQLite's files"},
    {"readlink", {}, "what a descriptor is"},
    {"readlinkat", {}, "what a descriptor is"},
    {"rename", {}, "sets a damaged database aside"},
    {"renameat", {}, "sets a damaged database aside"},
    {"renameat2", {}, "sets a damaged database aside"},
    {"stat", {}, "what a file is"},
    {"statfs", {}, "on which file system a file is"},
    {"umask", {}, "SQLite's files"},
    {"unlink", {}, "SQLite's journal"},
    {"unlinkat", {}, "SQLite's journal"},
    {"getxattr", {}, "overlayfs's attributes in a layer"},
    {"fgetxattr", {}, "overlayfs's attributes in a layer"},
    {"listxattr", {}, "whether it has any in a layer"},
    // Processes and terminals.
    {"kill", {is(1, SIGTERM, "SIGTERM")}, "passes on to itself what the supervisor was sent"},
    {"kill", {is(1, SIGINT, "SIGINT")}, "passes on to itself what the supervisor was sent"},
    {"kill", {is(1, SIGHUP, "SIGHUP")}, "passes on to itself what the supervisor was sent"},
    {"kill", {is(1, SIGUSR1, "SIGUSR1")}, "passes on to itself what the supervisor was sent"},
    {"ioctl", {is(1, TIOCGWINSZ, "TIOCGWINSZ")}, "how wide the terminal is"},
    // The marker has a use for it: so not of those that are fatal to both.
    {"pidfd_getfd", {}, "descriptors of other processes", Verdict::fatal},
    {"pidfd_open", {}, "holds a process while it is looked at"},
    // Sockets that it has been handed: runtimes, the control socket.
    {"accept", {}, "the control socket"},
    {"accept4", {}, "the control socket"},
    {"connect", {}, "systemd's or the journal's socket"},
    {"getpeername", {}, "Asio, of a runtime's socket"},
    {"getsockname", {}, "Asio, of a runtime's socket"},
    {"getsockopt", {}, "who asks at the control socket"},
    {"setsockopt", {}, "how much a socket may hold"},
    {"socket",
     {is(0, AF_UNIX, "domain AF_UNIX"), has(1, 0xf, SOCK_DGRAM, "type SOCK_DGRAM")},
     "systemd's or the journal's socket"},
    // Outputs: a unix socket, syslog, a webhook.
    {"fcntl", {is(1, F_ADD_SEALS, "F_ADD_SEALS")}, "what is too long for a datagram of the journal"},
    {"ioctl", {is(1, SIOCOUTQ, "SIOCOUTQ")}, "whether a receiver has what was sent"},
    {"memfd_create", {}, "what is too long for a datagram of the journal"},
    {"socket",
     {is(0, AF_UNIX, "domain AF_UNIX"), has(1, 0xf, SOCK_STREAM, "type SOCK_STREAM")},
     "an output's unix socket"},
};

}  // namespace

std::span<const Call> monitor_calls() {
  return table;
}

}  // namespace dropwarden::sandbox
