// SPDX-License-Identifier: Apache-2.0
#include "system_files.hpp"

#include <algorithm>
#include <array>

namespace dropwarden::policy {
namespace {

using std::string_view_literals::operator""sv;

// The search path of programs, and of libraries as ld.so(8) has it; Debian's directories by architecture are
// one below.
constexpr std::array program_directories{"/bin"sv,        "/sbin"sv,          "/usr/bin"sv,
                                         "/usr/sbin"sv,   "/usr/local/bin"sv, "/usr/local/sbin"sv,
                                         "/usr/libexec"sv};
constexpr std::array library_directories{"/lib"sv,     "/lib32"sv,     "/lib64"sv,    "/libx32"sv,
                                         "/usr/lib"sv, "/usr/lib32"sv, "/usr/lib64"sv};

// Sorted: daemons and tools that are on most machines, and those that are run without being looked at.
constexpr std::array names{
    "agetty"sv,
    "apt"sv,
    "apt-get"sv,
    "atd"sv,
    "auditd"sv,
    "awk"sv,
    "base64"sv,
    "bash"sv,
    "busybox"sv,
    "cat"sv,
    "chmod"sv,
    "chown"sv,
    "containerd"sv,
    "containerd-shim"sv,
    "cp"sv,
    "cron"sv,
    "crond"sv,
    "curl"sv,
    "dash"sv,
    "dbus-daemon"sv,
    "dd"sv,
    "df"sv,
    "docker"sv,
    "dockerd"sv,
    "env"sv,
    "find"sv,
    "getty"sv,
    "grep"sv,
    "gzip"sv,
    "id"sv,
    "init"sv,
    "iptables"sv,
    "kill"sv,
    "kubectl"sv,
    "kubelet"sv,
    "kworker"sv,
    "ld.so"sv,
    "less"sv,
    "ln"sv,
    "login"sv,
    "ls"sv,
    "lsof"sv,
    "mount"sv,
    "mv"sv,
    "netstat"sv,
    "nginx"sv,
    "nmap"sv,
    "nohup"sv,
    "passwd"sv,
    "ping"sv,
    "ps"sv,
    "pstree"sv,
    "rm"sv,
    "rsyslogd"sv,
    "runc"sv,
    "sed"sv,
    "service"sv,
    "sh"sv,
    "ss"sv,
    "ssh"sv,
    "sshd"sv,
    "su"sv,
    "sudo"sv,
    "systemctl"sv,
    "systemd"sv,
    "systemd-journald"sv,
    "systemd-logind"sv,
    "systemd-resolved"sv,
    "systemd-udevd"sv,
    "tail"sv,
    "tar"sv,
    "top"sv,
    "udevd"sv,
    "umount"sv,
    "uname"sv,
    "wget"sv,
    "who"sv,
    "xargs"sv,
};
static_assert(std::ranges::is_sorted(names));

}  // namespace

bool is_system_directory(std::string_view directory) {
  const auto is_listed = [](const auto& list, std::string_view name) {
    return std::ranges::find(list, name) != list.end();
  };
  if (is_listed(program_directories, directory) || is_listed(library_directories, directory)) return true;
  // `/usr/lib/x86_64-linux-gnu`
  const std::string_view parent = directory.substr(0, directory.rfind('/'));
  return is_listed(library_directories, parent) &&
         directory.find("-linux-", parent.size()) != std::string_view::npos;
}

bool is_system_name(std::string_view name) {
  // The kernel's own threads are shown in brackets by ps(1).
  if (name.starts_with('[') || name.starts_with("kworker")) return true;
  return std::ranges::binary_search(names, name);
}

}  // namespace dropwarden::policy
