// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/advice.hpp"

#include <cerrno>

namespace dropwarden::monitor {

std::string explain(const sys::Error& error) {
  std::string text = error.text();
  const bool is_denied = error.number == EPERM || error.number == EACCES;
  if (error.call == "seccomp" || error.call == "prctl") {
    text +=
        " (no system call can be filtered: this kernel has no CONFIG_SECCOMP_FILTER, or what runs dropwarden "
        "forbids it; `--sandbox off` starts it unconfined)";
  } else if (error.call == "fanotify_init" && is_denied) {
    text +=
        " (needs CAP_SYS_ADMIN: run as root, or add the capability to the pod; `containers`, `classify` and "
        "`check-config` work without)";
  } else if (error.call == "fanotify_init" && error.number == ENOSYS) {
    text +=
        " (this kernel has no fanotify, or a seccomp filter hides it: Linux 5.10 or newer with "
        "CONFIG_FANOTIFY)";
  } else if (error.call == "fanotify_init" && error.number == EMFILE) {
    text += " (too many fanotify groups: raise fs.fanotify.max_user_groups)";
  } else if (error.call == "fanotify_mark" && error.number == ENOSPC) {
    text += " (too many marks: raise fs.fanotify.max_user_marks)";
  } else if (is_denied && error.object.starts_with("/proc/")) {
    text += " (needs CAP_SYS_PTRACE, and under AppArmor an unconfined profile)";
  } else if (error.call == "control socket's directory is not private") {
    text +=
        " (others than root may change it: take that from them, or set control.socket to a path in another "
        "directory)";
  } else if (is_denied && (error.call == "mkdir" || error.call == "bind")) {
    text += " (run as root, or set control.socket to a path in a directory of your own)";
  } else if (is_denied) {
    text += " (needs CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH)";
  }
  return text;
}

}  // namespace dropwarden::monitor
